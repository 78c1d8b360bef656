"""The user's command that runs after each board: without a shell, and with values passed as they are."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Collection, Mapping

from .errors import MISUSE, Failure
from .untrusted import clean

SECONDS = 60.0  # that it may take
SHOWN = 10  # lines of its output, the last ones
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
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=SECONDS,
                check=False,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired:
            return f"`{command[0]}` did not end within {SECONDS:g} s"
        except (OSError, ValueError) as error:
            return f"`{command[0]}` cannot be run, {clean(error)}"
        lines = [clean(line) for line in done.stdout.decode(errors="replace").strip().splitlines()[-SHOWN:]]
        if done.returncode:
            last = lines.pop() if lines else ""
        for line in lines:
            say(line)
        return f"`{command[0]}` ended with {done.returncode}{': ' if last else ''}{last}" if done.returncode else ""
