"""Layouts of payroll systems: what each takes, and how the lines of an export become its file."""
