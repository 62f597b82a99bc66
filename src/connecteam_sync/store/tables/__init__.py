"""The tables: the host's and ours, their definitions, and whether they are supported."""
