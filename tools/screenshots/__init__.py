"""Pictures of the console of the demo company, for docs/console.md: `make screenshots`."""
