"""Shared by tests: a company with its mirror, servers, histories, an oracle, invariants."""
