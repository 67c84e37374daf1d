"""The hidden mark: a code in the pixels that survives what people do to pictures, and how it is read again."""
