"""Training the local model on what agents did: rows, their prompts, the steps, the adapter."""
