"""Connecteam: the client, its requests and responses, its limits. It imports nothing of the database."""
