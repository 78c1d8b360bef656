"""How the host tools start, so that Ctrl-C shows no traceback at any moment: not while modules are imported, either."""

from __future__ import annotations

import importlib
import signal
import sys
from types import TracebackType


def run(module: str, name: str | None = None) -> None:
    """Run the command `main` of `module`, which calls itself `name`."""
    heeds = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # a script's background job ignores it
    if heeds:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    command = importlib.import_module(module).main
    sys.excepthook = _quiet
    try:
        if heeds:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        command(prog_name=name)
    finally:
        if heeds:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # the interpreter's end takes a while, too


def _quiet(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
