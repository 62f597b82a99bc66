"""The version; every other place reads it from here."""

__version__ = "0.2.0"
PLANNER_VERSION = 8
"""Raised if equal inputs may lead to another decision: then slices that had nothing to do are decided again."""
