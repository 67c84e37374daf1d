"""Captured traffic through the same gate as the proxy's: what would happen, what would change, and why."""
