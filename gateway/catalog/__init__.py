"""What the data is: systems, their operations and messages, and the class of each field."""
