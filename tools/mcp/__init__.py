"""Calls of tools on MCP servers, and the specs that such a server lists."""
