"""``python -m toolgrove``."""

from toolgrove.cli import main

if __name__ == "__main__":
    main()
