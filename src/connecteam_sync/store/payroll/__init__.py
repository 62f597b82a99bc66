"""Days that payroll has locked."""
