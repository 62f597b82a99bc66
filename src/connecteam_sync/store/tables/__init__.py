"""The tables: the host's and ours, what they are, and whether they can be served."""
