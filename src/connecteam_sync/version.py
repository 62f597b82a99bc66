"""The version, in the one place every other reads it from."""

__version__ = "0.2.0"
PLANNER_VERSION = 3
"""Raised whenever equal inputs may lead to another decision: slices that had nothing to do are then decided again."""
