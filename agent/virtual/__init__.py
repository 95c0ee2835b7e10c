"""The virtual API server."""
