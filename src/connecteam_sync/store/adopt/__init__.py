"""Taking over a table that was there before: its catalogue, doubles, backup and key."""
