"""Marks on pictures, one format a file: walked to its end, decoded, marked, written anew from its pixels."""
