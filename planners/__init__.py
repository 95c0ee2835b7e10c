"""How a tree is grown: one expansion step, many orders."""
