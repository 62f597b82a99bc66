"""What pages read besides what commands read: a constant number of statements, each by an index."""
