"""Drafting a catalogue from what crossed: paths, messages, customers, and what each field seems to be."""
