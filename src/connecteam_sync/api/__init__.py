"""Connecteam: the client, what it sends and reads, its limits. Knows nothing of a database."""
