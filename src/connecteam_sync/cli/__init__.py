"""The command: reads options, calls the client, prints text or JSON. It decides nothing."""
