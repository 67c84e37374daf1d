"""What may happen to a field: one small treatment a file, a registry by name, and the lattice that joins them."""
