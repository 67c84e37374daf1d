"""A customer's passport: the signed history of what they granted and revoked, and what follows from it."""
