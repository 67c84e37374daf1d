"""Drafts of catalogues from captured traffic: what crosses, whose it is, and what each field seems to be."""
