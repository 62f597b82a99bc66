"""What was done: runs, the journal, holds, and undo."""
