"""What the commands of both host tools share."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import click

SENTENCE = 200  # characters of what a command does, in the list of them


def is_dumb() -> bool:
    """Whether the terminal says that it moves no cursor and knows no colour."""
    return os.environ.get("TERM") in ("dumb", "unknown")


def coloured() -> bool | None:
    """What click takes for `color`: False if nobody wants colours, else None, by which it looks for a terminal."""
    return False if is_dumb() or os.environ.get("NO_COLOR") else None


class Group(click.Group):
    """A group whose help says the whole first sentence of each command."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list; a long sentence takes a second line, where click would cut it."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(SENTENCE)) for name, command in commands if command]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class Reporting(Group):
    """The outermost group: its commands print JSON on failure as well, if --json was given."""

    def interrupted(self) -> click.ClickException:
        """The error after Ctrl-C."""
        return click.ClickException("interrupted: run this again")

    def fitting(self, message: str) -> str:
        """A sentence about wrong usage, in lines that fit the terminal behind click's own word."""
        return message

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Find the command, and note whether it is to print JSON."""
        ctx.meta["json"] = "--json" in args
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; with --json, print a failure as JSON on stdout, and its sentence on stderr as usual."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            _report(ctx, error)
            raise click.UsageError(self.fitting(error.format_message()), error.ctx) from None
        except click.ClickException as error:
            _report(ctx, error)
            raise
        except (click.Abort, KeyboardInterrupt):
            stopped = self.interrupted()
            _report(ctx, stopped)
            if sys.stderr.isatty():
                click.echo(err=True)  # behind the ^C
            raise stopped from None


def _report(ctx: click.Context, error: click.ClickException) -> None:
    if ctx.meta.get("json"):
        state = getattr(error, "state", "failed")
        click.echo(json.dumps({"state": state, "text": error.format_message(), "status": error.exit_code}))
