"""The solver: formulas that a model wrote, checked by z3 in a process of its own."""
