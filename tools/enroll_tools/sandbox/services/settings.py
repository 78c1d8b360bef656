"""The settings of a service: a dataclass, whose annotations say what each does and which values it takes.

The command line, the console and the table in docs/sandbox.md read them here.
"""

from __future__ import annotations

import dataclasses
from typing import Any, cast, get_type_hints

from ..errors import BadArgument, BadOption
from ..operations import LONG, About, Argument, annotated

_WORDS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def amount(text: str) -> About:
    """About a number that is not negative: of seconds, of times."""
    return About(text, 0, LONG)


def settings_of(settings: object) -> tuple[Argument, ...]:
    """The settings of a dataclass, or of an instance of it, with their defaults."""
    kind = settings if isinstance(settings, type) else type(settings)
    hints = get_type_hints(kind, include_extras=True)
    fields = dataclasses.fields(cast(Any, kind))
    return tuple(Argument(it.name, *annotated(hints[it.name]), False, it.default) for it in fields)


def allowed(setting: Argument) -> str:
    """The values that a setting takes, as a person reads them."""
    if setting.about.choices:
        return " or ".join(map(str, setting.about.choices))
    return "0 or more" if setting.about.most == LONG else setting.values()


def spelled(value: object) -> str:
    """A setting's value as it is typed."""
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def change(service: str, settings: object, name: str, value: object) -> None:
    """Change one setting; the value may be text. Raises BadOption."""
    known = {it.name: it for it in settings_of(settings)}
    if name not in known:
        raise BadOption(f"{service} has no setting {name!r} (it has: {', '.join(known) or 'none'})")
    setattr(settings, name, _converted(service, known[name], value))


def _converted(service: str, setting: Argument, value: object) -> object:
    """A value, perhaps typed on a command line, as the type that the setting has."""
    (kind,) = setting.kinds
    text = str(value)
    if kind is bool and text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if kind is not bool:
        try:
            return setting.admit(kind(text))
        except (ValueError, BadArgument):
            pass
    raise BadOption(f"{service}.{setting.name} wants {setting.values()}, not {text!r}")
