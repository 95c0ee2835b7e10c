"""How a tree is judged: answers, calls, judges, and the batch runner."""
