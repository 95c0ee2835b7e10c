"""Calls answered by a virtual API server, its cache and its protocol."""
