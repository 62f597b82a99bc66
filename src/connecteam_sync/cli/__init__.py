"""The command: reads options, calls the door, writes for people or for machines. It decides nothing."""
