"""The console on record: who may sign in, who did what, and plans that are kept."""
