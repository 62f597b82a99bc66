"""Runs, the journal, holds, and undo."""
