"""The command: reads options, calls the client, writes for people or for machines. It decides nothing."""
