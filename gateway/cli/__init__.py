"""The command line: one verb a file. The only code that wires parts together, prints and exits."""
