"""The lines that `serve` prints while it runs."""

from __future__ import annotations

import logging
import sys
import time

import click
from enroll_tools.group import coloured


class Live(logging.Formatter):
    """For a terminal: the time of day, the service, and colours; a line that is no success is red."""

    def __init__(self, colours: bool = True) -> None:
        super().__init__("%(message)s")
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        """The line of a request, or of something else that happened."""
        moment = time.strftime("%H:%M:%S", time.localtime(record.created))
        words, status = super().format(record), getattr(record, "status", None)
        if status is None:
            return f"{self._painted(moment, dim=True)} {self._painted(words, fg='yellow')}"
        service = f"{getattr(record, 'service', '') or '-':11}"
        shown = words if 200 <= status < 300 else self._painted(words, fg="red")
        return f"{self._painted(moment, dim=True)} {self._painted(service, fg='cyan')} {shown}"

    def _painted(self, text: str, fg: str | None = None, dim: bool | None = None) -> str:
        return click.style(text, fg=fg, dim=dim) if self._colours else text


def set_up(quiet: bool) -> None:
    """Print what the sandbox says to stderr: for programs and files, in plain lines that are the same each time."""
    handler = logging.StreamHandler(sys.stderr)
    if sys.stderr.isatty():
        handler.setFormatter(Live(coloured() is not False))
    logging.basicConfig(level=logging.WARNING if quiet else logging.INFO, handlers=[handler], format="%(message)s")
