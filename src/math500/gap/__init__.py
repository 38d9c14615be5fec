"""A measured score against a published one, and where the difference comes from."""
