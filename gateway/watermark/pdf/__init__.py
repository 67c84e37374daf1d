"""Marks on PDF pages: the pages' content as it was, with stamp and hidden mark drawn over it."""
