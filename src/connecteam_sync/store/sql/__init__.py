"""How statements reach a database: connections, dialects, errors, pipelines. Knows nothing of shifts."""
