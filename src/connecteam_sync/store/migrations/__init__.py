"""How our tables came to be what they are, a file for each step. A step that was released is frozen (`frozen`)."""
