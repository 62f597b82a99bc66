"""The pure core: compares Connecteam's answers with the stored state and decides what to do about the difference.

Nothing here reads a clock, a file, a socket, the environment or a random number; the standard library and msgspec are
all it imports. Instants are whole epoch seconds (UTC) throughout.
"""
