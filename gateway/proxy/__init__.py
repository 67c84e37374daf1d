"""HTTP on both sides: the listener, the clients of the systems behind it, and the way between HTTP and flows."""
