"""The mirror: reading and writing clock times, employees and what is remembered of shifts."""
