"""Calls over HTTP: from a binding to a request, and from an answer to an observation."""
