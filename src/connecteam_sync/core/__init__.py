"""The pure core: what was said, what is stored, and what to do about the difference.

Nothing here reads a clock, a file, a socket, the environment or a random number; the standard library and msgspec are
all it imports. Instants are whole epoch seconds (UTC) throughout.
"""
