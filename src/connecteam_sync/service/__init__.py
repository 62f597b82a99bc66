"""What runs by itself around the mirror. It decides nothing about rows: every look is the engine's, by the library."""
