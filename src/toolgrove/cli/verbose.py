"""``--verbose``: what the logger ``toolgrove`` says, on standard error."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from toolgrove.cli.common import err_console

__all__ = ["verbose_log"]


class _Printed(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        from rich.text import Text

        err_console().print(Text(record.getMessage(), style="dim"))


@contextmanager
def verbose_log(wanted: bool) -> Iterator[None]:
    """Print what is logged inside, where that is wanted."""
    logger, handler = logging.getLogger("toolgrove"), _Printed()
    level = logger.level
    if wanted:
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
