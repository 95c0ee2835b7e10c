"""``python -m toolgrove``."""

from toolgrove.cli import main

main()
