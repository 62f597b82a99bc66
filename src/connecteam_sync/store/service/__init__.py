"""What a service keeps in tables of its own: when to look at each time clock. No run reads or writes them."""
