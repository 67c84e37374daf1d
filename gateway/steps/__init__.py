"""The gate's steps, each a module of plain functions; `gateway.gate` puts them in order."""
