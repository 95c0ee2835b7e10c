"""What a preference pair is made of: where the two sides come from, and what is wrong with them."""
