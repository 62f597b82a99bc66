"""What payroll has closed."""
