"""How a tree is spoken of and drawn: for pages, pictures and notebooks."""
