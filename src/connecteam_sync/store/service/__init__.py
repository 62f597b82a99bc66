"""What a service keeps in tables of its own: when to look, doorbells, alerts, proofs. No run reads or writes them."""
