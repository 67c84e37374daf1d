"""Message formats, one a file, both ways; and what comes before them: content codings and content types."""
