"""The user's command that runs after each board: without a shell, and with values passed as they are."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Collection, Mapping

from .errors import MISUSE, Failure
from .untrusted import clean

SECONDS = 60.0  # that it may take
REST = 0.5  # more, until the rest of its output is there
SHOWN = 10  # lines of its output, the last ones
KEPT = 1 << 16  # bytes of it
_NAME = re.compile(r"\{([^{}]*)\}")


class Hook:
    """The command `line`, in which {name} stands for a value, one of `names`. Raises Failure."""

    def __init__(self, line: str, names: Collection[str]) -> None:
        try:
            self._words = shlex.split(line)
        except ValueError as error:
            raise Failure(MISUSE, f"--after cannot be read, {error}: check its quotation marks") from None
        if not self._words or not shutil.which(self._words[0]):
            program = clean(self._words[0]) if self._words else "an empty command"
            raise Failure(MISUSE, f"--after names {program}, which is not a program here: give its path")
        for name in _NAME.findall(line):
            if name not in names:
                raise Failure(MISUSE, f"--after has no value for {{{name}}}: use one of {', '.join(sorted(names))}")

    def run(self, values: Mapping[str, object], say: Callable[[str], None] = lambda _line: None) -> str:
        """Run it, and tell `say` the last lines of its output. Returns what went wrong, or ""."""
        command = [self._words[0]]
        for word in self._words[1:]:
            given = _NAME.sub(lambda found: clean(values.get(found[1], "")), word)
            if given.startswith("-") and not word.startswith("-"):
                return f"{word} is {given}, which a program may take for an option: put text before it"
            command.append(given)
        try:
            # in a session of its own: Ctrl-C is for the station
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return f"`{command[0]}` cannot be run, {clean(error)}"
        said = _Output(process)
        try:
            status = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # what it has started, too
            process.wait()
            return f"`{command[0]}` did not end within {SECONDS:g} s"
        lines = said.lines()
        if status:
            last = lines.pop() if lines else ""
        for line in lines:
            say(line)
        return f"`{command[0]}` ended with {status}{': ' if last else ''}{last}" if status else ""


class _Output(threading.Thread):
    """Reads what a process prints, also where a program that it has left behind holds its output open."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._kept = b""
        self.start()

    def run(self) -> None:
        """Read to the end."""
        assert self._process.stdout
        with self._process.stdout as stream:
            while data := os.read(stream.fileno(), KEPT):
                self._kept = (self._kept + data)[-KEPT:]

    def lines(self) -> list[str]:
        """The last lines, once the process has ended."""
        self.join(REST)
        return [clean(line) for line in self._kept.decode(errors="replace").strip().splitlines()[-SHOWN:]]
