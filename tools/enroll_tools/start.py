"""How the host tools start, so that Ctrl-C shows no traceback at any moment: not while modules are imported, either."""

from __future__ import annotations

import sys


def _quiet(kind: type[BaseException], error: BaseException, _trace: object) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, error.__traceback__)


sys.excepthook = _quiet  # before anything is imported that takes a while

import importlib  # noqa: E402
import signal  # noqa: E402


def run(module: str, name: str | None = None) -> None:
    """Run the command `main` of `module`, which calls itself `name`."""
    heeds = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # a script's background job ignores it
    if heeds:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    command = importlib.import_module(module).main
    try:
        if heeds:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        command(prog_name=name)
    finally:
        if heeds:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # the interpreter's end takes a while, too
