"""How the host tools start, so that Ctrl-C shows no traceback at any moment: not while modules are imported, either.

SIGTERM is a Ctrl-C: else a terminal would stay as the lines that change have set it.
"""

from __future__ import annotations

import sys


def _quiet(kind: type[BaseException], error: BaseException, _trace: object) -> None:
    if not issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, error.__traceback__)


sys.excepthook = _quiet  # before anything is imported that takes a while

import contextlib  # noqa: E402
import errno  # noqa: E402
import importlib  # noqa: E402
import io  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
from typing import Any  # noqa: E402

UNWRITTEN = 74  # the exit status if there is no room for the output
_USUAL = (signal.default_int_handler, signal.SIG_DFL)  # a script's background job ignores SIGINT
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def run(module: str, name: str | None = None) -> None:
    """Run the command `main` of `module`, which calls itself `name`."""
    _open_missing()
    ends = [it for it in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(it) in _USUAL]
    _set(ends, signal.SIG_DFL)
    command = importlib.import_module(module).main
    try:
        _set(ends, signal.default_int_handler)
        command(prog_name=name)
    except OSError as error:  # commands name the files that they write
        if error.errno not in _NO_ROOM:
            raise
        with contextlib.suppress(OSError):
            remedy = "make room, or send it elsewhere"
            print(f"Error: the output cannot be written, {error.strerror}: {remedy}", file=sys.stderr)
        sys.exit(UNWRITTEN)
    finally:
        _set(ends, signal.SIG_DFL)  # the interpreter's end takes a while, too


def _open_missing() -> None:
    """Open what the parent has closed: a file or a serial port would get its number, and what is printed. Print
    whatever there is to print."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115  until the end
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # the name of a folder may be in no or another encoding


def _set(numbers: list[signal.Signals], handler: Any) -> None:
    for number in numbers:
        signal.signal(number, handler)
