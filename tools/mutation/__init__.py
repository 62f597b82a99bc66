"""Mutation testing: mutmut makes the mutants, forks of a collected pytest judge them; `make mutation`."""
