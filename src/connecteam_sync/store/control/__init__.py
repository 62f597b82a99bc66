"""The control database of a fleet: whose turn it is, what each account may still ask, which workers there are."""
