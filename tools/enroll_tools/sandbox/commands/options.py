"""What the commands share: options, and errors with their exit statuses."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..errors import SandboxError
from ..keys import check_key, key_file

DEFAULT_STATE = ".cache/sandbox"


class Failure(click.ClickException):
    """The sandbox refused the operation (exit status 1)."""


class Misuse(Failure):
    """The command line is wrong."""

    exit_code = 2


class NotRunning(Failure):
    """No sandbox answers."""

    exit_code = 3


def state_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--state``."""
    return click.option(
        "--state",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="SANDBOX_STATE",
        default=DEFAULT_STATE,
        show_default=True,
        help="State folder.",
    )(function)


def key_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--admin-key-file``."""
    return click.option(
        "--admin-key-file",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="File with the admin key; else SANDBOX_ADMIN_KEY in the environment; else the one in the state folder.",
    )(function)


def json_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def admin_key(file: Path | None, environment: str | None) -> str | None:
    """The admin key from a file or the environment; None if there is none, and the state folder's is good."""
    try:
        if file is not None:
            return key_file(file)
        key = (environment or "").strip()
        return check_key(key) if key else None
    except SandboxError as error:
        raise Misuse(str(error)) from None


def environment_key() -> str | None:
    """The admin key of the environment, if there is one."""
    return os.environ.get("SANDBOX_ADMIN_KEY")


def admin_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of every command that calls a running sandbox."""
    option = click.option("--admin-url", envvar="SANDBOX_ADMIN_URL", help="URL of the admin API. [default: by --state]")
    return json_option(key_option(state_option(option(function))))
