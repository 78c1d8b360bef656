"""How the host tools start, so that Ctrl-C shows no traceback at any moment: not while modules are imported, either.

SIGTERM is a Ctrl-C: else a terminal would stay as the lines that change have set it.
"""

from __future__ import annotations

import sys


def _quiet(kind: type[BaseException], error: BaseException, _trace: object) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, error.__traceback__)


sys.excepthook = _quiet  # before anything is imported that takes a while

import importlib  # noqa: E402
import signal  # noqa: E402
from typing import Any  # noqa: E402

_USUAL = (signal.default_int_handler, signal.SIG_DFL)  # a script's background job ignores SIGINT


def run(module: str, name: str | None = None) -> None:
    """Run the command `main` of `module`, which calls itself `name`."""
    ends = [it for it in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(it) in _USUAL]
    _set(ends, signal.SIG_DFL)
    command = importlib.import_module(module).main
    try:
        _set(ends, signal.default_int_handler)
        command(prog_name=name)
    finally:
        _set(ends, signal.SIG_DFL)  # the interpreter's end takes a while, too


def _set(numbers: list[signal.Signals], handler: Any) -> None:
    for number in numbers:
        signal.signal(number, handler)
