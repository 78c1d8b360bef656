"""The commands that are made from the operations of the admin API, and how each calls the running sandbox."""

from __future__ import annotations

import dataclasses
import inspect
import json
import textwrap
from collections.abc import Callable
from typing import Any

import click

from ..client import AdminClient
from ..errors import SandboxError
from ..operations import LARGEST, Argument, arguments
from ..services.base import decode_json
from ..services.settings import allowed, spelled
from .options import Failure, NotRunning, admin_key, admin_options, environment_key
from .show import show

_ALIASES = {"enabled": ("--enable",)}


def call(path: str, arguments: dict[str, Any], options: dict[str, Any]) -> Any:
    """Perform an operation at the running sandbox."""
    key = admin_key(options["admin_key_file"], environment_key())
    try:
        return AdminClient(options["admin_url"], options["state"], key).perform(path, arguments)
    except ConnectionError as error:
        raise NotRunning(str(error)) from None
    except SandboxError as error:
        raise Failure(str(error)) from None


def _parameter(argument: Argument) -> click.Parameter:
    """A required argument of an operation becomes an argument, any other an option."""
    kind, about = _type(argument), argument.about
    more: dict[str, Any] = {"type": kind, "help": about.text + _values(argument)}
    if isinstance(kind, click.Choice):
        more["metavar"] = argument.name.upper()
    if argument.required:
        return click.Argument([argument.name], **more)
    flag = "--" + argument.name.replace("_", "-")
    if kind is bool:
        return click.Option([argument.name, flag, *_ALIASES.get(argument.name, ())], is_flag=True, help=about.text)
    return click.Option([argument.name, flag], default=None, **more)


def _type(argument: Argument) -> Any:
    kinds, about = argument.kinds, argument.about
    if dict in kinds:
        return _JsonObject()
    if about.choices:
        return click.Choice([str(it) for it in about.choices] if str in kinds else about.choices)
    return next(kind for kind in (str, float, int, bool) if kind in kinds)


def _values(argument: Argument) -> str:
    """The values that an argument takes, and its default, as its help says them."""
    about, words = argument.about, []
    if about.choices:
        words.append(", ".join(map(str, about.choices)))
    elif {int, float} & {*argument.kinds} and str not in argument.kinds and abs(about.least) < LARGEST:
        words.append(f"{about.least:.0f} to {about.most:.0f}")
    if argument.default not in (None, "", {}, 0.0):
        words.append(f"default: {argument.default}")
    return f"  [{'; '.join(words)}]" if words else ""


class _JsonObject(click.ParamType[dict[str, Any]]):
    name = "JSON"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse a JSON object."""
        try:
            parsed = decode_json(value.encode("utf-8", "surrogateescape"))
        except ValueError as error:
            self.fail(f"not JSON: {error}", param, ctx)
        if not isinstance(parsed, dict):
            self.fail("not a JSON object", param, ctx)
        return parsed


def make_command(
    group: str, name: str, function: Callable[..., object], settings: tuple[Argument, ...] = ()
) -> click.Command:
    """The command for an operation, with its arguments, its help and the HTTP call that it makes. `settings`: what
    `set` changes."""
    path = f"{group}/{name}" if group else name

    def run(**options: Any) -> None:
        common = {name: options.pop(name) for name in ("state", "admin_url", "admin_key_file", "as_json")}
        given = {key: value for key, value in options.items() if value is not None}
        show(call(path, given, common), common["as_json"])

    decorated: Any = admin_options(run)
    names = tuple(it.name for it in settings)
    taken = [_choosing(argument, names) if argument.name == "name" else argument for argument in arguments(function)]
    own = [_parameter(argument) for argument in taken]
    command = click.Command(name, callback=run, help=_help(function, settings), epilog=spelling(path, function))
    command.params = [*own, *reversed(decorated.__click_params__)]
    return command


def _help(function: Callable[..., object], settings: tuple[Argument, ...]) -> str:
    """What an operation does, and what each setting that it takes means."""
    text = [inspect.getdoc(function) or ""]
    for it in settings:
        text += [f"{it.name}: {it.about.text.replace('`', '')} [{allowed(it)}; default: {spelled(it.default)}]"]
    return "\n\n".join(text)


def _choosing(argument: Argument, choices: tuple[str, ...]) -> Argument:
    return dataclasses.replace(argument, about=dataclasses.replace(argument.about, choices=choices))


def spelling(path: str, function: Callable[..., object]) -> str:
    """How to call an operation over HTTP."""
    body = {argument.name: _example(argument) for argument in arguments(function)}
    lines = ["Over HTTP:", f"  POST /admin/{path}", "  Authorization: Bearer KEY", "  Content-Type: application/json"]
    width = 76
    wrapped = textwrap.wrap(json.dumps(body), width, break_long_words=False, break_on_hyphens=False)
    return "\b\n" + "\n".join([*lines, *(f"  {line}" for line in wrapped)])


def _example(argument: Argument) -> object:
    """A value that an argument may have."""
    if argument.about.choices:
        return argument.about.choices[0]
    if not argument.required and argument.default is not None:
        return argument.default
    if bool in argument.kinds and str not in argument.kinds:
        return False
    if dict in argument.kinds:
        return {}
    return "..." if str in argument.kinds else int(max(argument.about.least, 0))
