"""The words of the visible mark: filled in, shaped in any script, and placed on a page."""
