"""What people and programs read: JSON shapes and text. Nothing is printed here."""
