"""The version, in the one place every other reads it from."""

__version__ = "0.2.0"
