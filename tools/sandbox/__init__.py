"""Sandboxes: where code that a model wrote is run, or nowhere."""
