"""The console: pages that show the mirror to people, and let them act on it by the library."""
