"""Forms made from the signatures of operations, and what a person has typed into one as an operation's arguments."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import SandboxError
from ..operations import LARGEST, Argument
from ..services.base import decode_json
from ..services.settings import settings_of, spelled

FIELD = "field."  # what the names of an operation's fields begin with in a form
_LONG = 200  # characters; a text that may have more gets several lines
_TITLES = {
    "id": "ID",
    "sn": "serial number",
    "mac": "MAC address",
    "cr": "challenge-response",
    "api": "API",
    "mqtt": "MQTT",
    "sms": "SMS",
}


@dataclasses.dataclass(frozen=True)
class Input:
    """One field of a form. ``kind``: text, number, area, check or choice."""

    name: str
    label: str
    hint: str
    kind: str
    value: str
    required: bool
    choices: tuple[str, ...] = ()
    least: str = ""
    most: str = ""
    longest: int = _LONG


def inputs(arguments: Sequence[Argument], typed: Mapping[str, str] | None = None) -> tuple[Input, ...]:
    """The fields for an operation's arguments, with what was typed before, or else the defaults."""
    return tuple(_input(argument, typed) for argument in arguments)


def settings_inputs(settings: object) -> dict[str, Input]:
    """A field for each setting of a service, by its name."""
    found = {}
    for it in settings_of(settings):
        choices = ("true", "false") if bool in it.kinds else tuple(map(str, it.about.choices))
        hint = f"{it.about.text} Default: `{spelled(it.default)}`."
        kind = "choice" if choices else "text" if str in it.kinds else "number"
        value = spelled(getattr(settings, it.name))
        found[it.name] = Input(FIELD + "value", title(it.name), hint, kind, value, str not in it.kinds, choices)
    return found


def _input(argument: Argument, typed: Mapping[str, str] | None) -> Input:
    about = argument.about
    hint = about.text.replace("--", "")  # written for the command line
    if dict in argument.kinds:
        hint += ' As a JSON object, such as {"name": "value"}.'
    value = _shown(argument.default) if typed is None else typed.get(argument.name, "")
    numeric = str not in argument.kinds
    return Input(
        FIELD + argument.name,
        title(argument.name),
        hint.strip(),
        _kind(argument),
        value,
        argument.required,
        tuple(map(str, about.choices)),
        f"{about.least:g}" if numeric and about.least != -LARGEST else "",
        f"{about.most:.0f}" if numeric and about.most != LARGEST else "",
        about.longest,
    )


def _kind(argument: Argument) -> str:
    if argument.about.choices:
        return "choice"
    if bool in argument.kinds and str not in argument.kinds:
        return "check"
    if dict in argument.kinds:
        return "area"
    return "text" if str in argument.kinds else "number"


def _shown(value: object) -> str:
    if value is None or value is False:
        return ""
    return json.dumps(value) if isinstance(value, dict) and value else "" if value == {} else str(value)


def title(name: str) -> str:
    """An argument's name as a label: ``user_id`` is "User ID"."""
    text = " ".join(_TITLES.get(word, word) for word in name.replace("-", "_").split("_"))
    return text[:1].upper() + text[1:]


def given(arguments: Sequence[Argument], typed: Mapping[str, str]) -> dict[str, Any]:
    """What was typed as the operation's arguments; what was left empty keeps its default. Raises SandboxError."""
    values: dict[str, Any] = {}
    for argument in arguments:
        text = typed.get(argument.name, "")
        if bool in argument.kinds and str not in argument.kinds:
            values[argument.name] = bool(text)
        elif text or argument.required:
            values[argument.name] = _value(argument, text)
    return values


def _value(argument: Argument, text: str) -> object:
    """The value that a text stands for; the operation refuses what is of the wrong type."""
    if str in argument.kinds:
        return text
    if dict in argument.kinds:
        try:
            return decode_json(text.encode())
        except ValueError:
            raise SandboxError(f'{argument.name} is not JSON: write an object such as {{"name": 1}}') from None
    for kind in (int, float):
        if kind in argument.kinds:
            try:
                return kind(text)
            except ValueError:
                continue
    return text
