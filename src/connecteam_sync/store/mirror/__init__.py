"""The mirror: reading and writing clock times, employees and tracked shifts."""
