"""Toolgrove: tool-using agents over thousands of APIs, searched, judged and mined.

Importing this package loads nothing heavy; each name below is loaded at its first use.
"""

from __future__ import annotations

__version__ = "0.1.0"
