"""What a service keeps in tables of its own: when to look, and which days are proven. No look of a run reads them."""
