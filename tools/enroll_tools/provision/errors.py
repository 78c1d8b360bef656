"""Errors, each with one sentence and an exit status. library.py maps the firmware's kinds of error to statuses."""

from __future__ import annotations

import sys
from typing import IO, Any

import click
from enroll_tools.group import coloured

from .screen import columns, wrapped
from .untrusted import clean

STORAGE, TRY_AGAIN, ANSWER, REFUSED, CONFIGURATION = 74, 75, 76, 77, 78
MISUSE = 2  # click's own
SENTENCE = 600  # characters of one


class Failure(click.ClickException):
    """An error: the sentence for the user, and the program's exit status."""

    state = "failed"  # in JSON

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(clean(sentence, SENTENCE))
        self.exit_code = status  # type: ignore[misc]  # click has one a class, we have one a sentence

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the sentence."""
        stream = file or sys.stderr
        shown = wrapped(f"provision: {self.message}", columns(stream))
        click.secho(shown, fg="red", file=stream, color=coloured())


class Stopped(Failure):
    """A person interrupted the program, or answered no."""

    state = "interrupted"

    def __init__(self, sentence: str) -> None:
        super().__init__(1, sentence)
