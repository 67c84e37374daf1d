"""How verbs print what they found, in the forms that other programs read; one writer a form."""
