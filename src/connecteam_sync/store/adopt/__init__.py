"""Adopting an existing table: its catalogue, doubles, backup and unique key."""
