"""How each family's tasks are drawn: its wordings, and where its values come from."""
