"""The signed audit log: what an entry says, how it is chained, published, verified and shown. Bytes in, bytes out."""
