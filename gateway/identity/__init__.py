"""Who calls: a token or a certificate, the keys known here and the time give an operator. Nothing is fetched here."""
