"""Output for people and programs: text and JSON shapes. Nothing is printed here."""
