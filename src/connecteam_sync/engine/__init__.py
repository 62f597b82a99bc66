"""The use cases: one module for each thing that a command does, between the API and the store."""
