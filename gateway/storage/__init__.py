"""The ports made real: files, databases, memory."""
