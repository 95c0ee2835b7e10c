"""Training rows for the trainers of others: read, checked, counted, and written in their forms."""
