"""Calls of Python functions and LangChain tools in this process."""
