"""Marks: a visible code on every page of a document that leaves, so that a leaked page leads back to its export.

Bytes in, bytes out, no clock, files or randomness: the secret that the codes come from is passed in with the plan.
`document.mark` does it all and is meant to run in a worker process (`gateway.sandbox`), because it opens untrusted
files. The PDF and image libraries are imported when a document is marked and not before: the gateway stays small.
"""
