"""Reads the marks in a file that turned up somewhere."""
