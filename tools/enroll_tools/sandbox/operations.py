"""Operations of the administrator: methods that are called in Python, over HTTP and on the command line.

An operation's signature says all that these need: names, types, defaults, and with `Annotated` what an argument means
and which values it takes::

    @operation
    def create(self, serial: Annotated[str, name_of("Serial number.")], enabled: bool = False) -> Row:
        \"\"\"Create a device, as a person does in the portal.\"\"\"
"""

from __future__ import annotations

import dataclasses
import inspect
import math
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

from .errors import BadArgument

Function = TypeVar("Function", bound=Callable[..., object])

LONGEST = 65_536  # characters of a text
LARGEST = 2**53 - 1  # what JSON carries exactly everywhere, and SQLite stores
MANY = 1_000_000
HOUR = 3600  # seconds
LONG = 10 * 366 * 86_400  # seconds: the clock may stand 10 years below the last date


@dataclasses.dataclass(frozen=True)
class About:
    """What an argument means, and the values that it takes."""

    text: str = ""
    least: float = -LARGEST
    most: float = LARGEST
    choices: tuple[str | int, ...] = ()
    shortest: int = 0
    longest: int = LONGEST


def name_of(what: str, choices: tuple[str, ...] = ()) -> About:
    """About a name, which is not empty: of a device, a user, a token."""
    return About(what, choices=choices, shortest=1, longest=200)


Reveal = Annotated[bool, About("Show secrets, too.")]
DeviceId = Annotated[str, name_of("The device's id.")]


@dataclasses.dataclass(frozen=True)
class Argument:
    """One argument of an operation. ``kinds``: str, int, float, bool or dict; ``about.text`` may be empty."""

    name: str
    kinds: tuple[type, ...]
    about: About
    required: bool
    default: Any = None
    nullable: bool = False

    def admit(self, value: object) -> object:
        """The value as the operation takes it: 5.0, which JSON does not tell from 5, becomes a whole number.

        Raises BadArgument for another type, or beyond the bounds.
        """
        if value is None and self.nullable:
            return None
        if isinstance(value, float) and int in self.kinds and float not in self.kinds and value.is_integer():
            value = int(value)
        # bool is a kind of int to Python, but "times": true is a mistake.
        kind = type(value)
        fits = kind in self.kinds or (kind is int and float in self.kinds)
        if kind is str and fits and not self.about.choices and len(str(value)) > LONGEST:
            raise BadArgument(f"{self.name} must be text of at most {LONGEST} characters")
        if not fits or not self._within(value):
            raise BadArgument(f"{self.name} must be {self.values()}")
        return value

    def _within(self, value: object) -> bool:
        about = self.about
        if about.choices:
            return value in about.choices
        if isinstance(value, str):
            return about.shortest <= len(value) <= about.longest
        if isinstance(value, float) and not math.isfinite(value):
            return False
        return not isinstance(value, int | float) or about.least <= value <= about.most

    def values(self) -> str:
        """The values that it takes, in words."""
        words = [self._word(kind) for kind in self.kinds]
        return " or ".join(dict.fromkeys(words))

    def _word(self, kind: type) -> str:
        about = self.about
        if kind in (int, str) and about.choices:
            return f"one of {', '.join(map(str, about.choices))}"
        if kind is str:
            return "text" if about.longest == LONGEST else f"text of {about.shortest} to {about.longest} characters"
        if kind in (int, float):
            word = "a whole number" if kind is int else "a number"
            if (about.least, about.most) == (-LARGEST, LARGEST):
                return word
            return f"{word} from {about.least:.0f} to {about.most:.0f}"
        return {bool: "true or false", dict: "an object"}[kind]


def operation(function: Function) -> Function:
    """Make a service's method an operation of the administrator, available in Python, over HTTP and on the command
    line."""
    function.__operation__ = True  # type: ignore[attr-defined]
    return function


def operations(owner: object) -> dict[str, Callable[..., object]]:
    """The operations of an object or a class by their names in URLs and on the command line."""
    members = inspect.getmembers(owner, lambda member: hasattr(member, "__operation__"))
    return {name.replace("_", "-"): member for name, member in members}


def arguments(function: Callable[..., object]) -> tuple[Argument, ...]:
    """The arguments of an operation, from its signature."""
    signature = inspect.signature(function, eval_str=True)
    return tuple(_argument(parameter) for name, parameter in signature.parameters.items() if name != "self")


def _argument(parameter: inspect.Parameter) -> Argument:
    kinds, about = annotated(parameter.annotation)
    required = parameter.default is parameter.empty
    return Argument(
        parameter.name,
        tuple(kind for kind in kinds if kind is not type(None)),
        about,
        required,
        None if required else parameter.default,
        type(None) in kinds,
    )


def annotated(annotation: Any) -> tuple[tuple[type, ...], About]:
    """The types that an annotation allows, and what it says about the values."""
    about = About()
    if typing.get_origin(annotation) is typing.Annotated:
        annotation, *notes = typing.get_args(annotation)
        about = next((note for note in notes if isinstance(note, About)), about)
    parts = typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,)
    return tuple(typing.get_origin(part) or part for part in parts), about


def perform(function: Callable[..., object], given: Mapping[str, object]) -> object:
    """Call an operation with arguments from outside, after checking their names and values.

    Raises BadArgument, or what the operation raises.
    """
    wanted = {argument.name: argument for argument in arguments(function)}
    for name in given:
        if name not in wanted:
            raise BadArgument(f"unknown argument {name!r} (known: {', '.join(wanted) or 'none'})")
    taken = {name: wanted[name].admit(value) for name, value in given.items()}
    for name, argument in wanted.items():
        if argument.required and name not in given:
            raise BadArgument(f"missing argument {name!r}")
    return function(**taken)
