"""What the console shows of a service: devices with their states, tables, forms, and requests explained.

Everything here is plain data: the console and the admin API make pages and JSON of it.
"""

from __future__ import annotations

import abc
import dataclasses
import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from ..history import AGAIN, AUTHORISED, LOST
from ..operations import Argument, arguments
from ..redact import is_secret
from ..state import Row
from .base import Call, Service
from .explain import Answered, Comparison, Explanation, Field, Seen

ROWS = 50  # of a table, the newest
SEARCHED = 2000  # devices whose secrets are tried, to tell why a hash is wrong
STATES = ("created", "enabled", "waiting", "registered", "orphaned", "disabled", "deleted")

Of = TypeVar("Of", bound=Service)


@dataclasses.dataclass(frozen=True)
class Action:
    """A button: a service's operation (its name in Python), with the arguments to give it.

    ``dangerous``: it takes something away that a device needs, so a person confirms it. ``recovers``: it does so to let
    the device register again.
    """

    operation: str
    label: str
    arguments: Mapping[str, object] = dataclasses.field(default_factory=dict)
    dangerous: bool = False
    recovers: bool = False


@dataclasses.dataclass(frozen=True)
class DeviceView:
    """One device. ``state`` is one of STATES, ``label`` the same in the portal's words, ``meaning`` says what it means
    for the device and what to do. ``since`` is in Unix seconds of the sandbox's clock, None if unknown. ``secrets`` and
    ``details`` are by label."""

    id: str
    name: str
    state: str
    label: str
    meaning: str
    since: float | None = None
    secrets: Mapping[str, str] = dataclasses.field(default_factory=dict)
    details: Mapping[str, str] = dataclasses.field(default_factory=dict)
    actions: tuple[Action, ...] = ()


@dataclasses.dataclass(frozen=True)
class Line:
    """One row of a table: a text for each column, and what can be done with the row."""

    cells: tuple[str, ...]
    actions: tuple[Action, ...] = ()


@dataclasses.dataclass(frozen=True)
class Table:
    """What a service has besides devices: the newest ``rows`` of ``total``. ``secret``: the columns that are masked
    until asked for; ``empty``: what to do next while there is no row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Line, ...]
    empty: str
    secret: frozenset[str] = frozenset()
    total: int = 0


@dataclasses.dataclass(frozen=True)
class Form:
    """An operation that makes something new. ``arguments`` come from its signature, ``text`` from its docstring."""

    operation: str
    label: str
    text: str
    arguments: tuple[Argument, ...]


class View(abc.ABC, Generic[Of]):
    """What the console shows of one service. Only ``device_in`` is called while a request waits.

    ``source``: the devices in SQL, with the columns ``_id``, ``_state`` (one of STATES) and ``_age`` (a number that
    grows) besides those that `shown` needs; ``{now}`` stands for the time. ``names``: what of them a person looks for,
    in SQL. ``counted``: a table that has as many rows, if that is quicker. ``again``: what to offer for a device that
    was deleted; its arguments' texts have the id for ``{id}``.
    ``states``: by state its label in the portal's words, and what it means for the device: what to do. ``verdicts``:
    by reason (see `Answer`) what happened: what to do. ``empty``: what to do next while there is no device.
    ``made_by``: the operations that have a form, with their labels. ``polls``: the reasons of answers that tell a
    device to ask again.
    """

    states: ClassVar[Mapping[str, tuple[str, str]]]
    verdicts: ClassVar[Mapping[str, str]]
    empty: ClassVar[str]
    made_by: ClassVar[Mapping[str, str]]
    source: ClassVar[str]
    names: ClassVar[tuple[str, ...]] = ("_id",)
    counted: ClassVar[str] = ""
    again: ClassVar[tuple[Action, ...]] = ()
    polls: ClassVar[frozenset[str]] = frozenset({"waiting"})

    def __init__(self, service: Of) -> None:
        self.service = service

    @abc.abstractmethod
    def shown(self, row: Row) -> DeviceView:
        """The device in a row of ``source``."""

    @abc.abstractmethod
    def fields(self, seen: Seen) -> Iterable[Field]:
        """The fields of a request and of its answer, each with what it means."""

    def reason(self, seen: Seen) -> Answered:
        """What a request that the service has answered tells: the verdict, and what differs."""
        return Answered(self.told(seen))

    def told(self, seen: Seen) -> str:
        """The verdict on a request by its reason alone."""
        verdict = self.verdicts.get(seen.reason)
        if verdict is None and seen.reason == AUTHORISED:
            verdict = "The credential is right, and the service did what was asked: nothing to do."
        if verdict is None and seen.entry.status < 400:
            verdict = f"The service answered {seen.entry.status}: nothing to do."
        return verdict or f"The service answered {seen.entry.status}, and why cannot be told: look at the answer."

    def tables(self) -> list[Table]:
        """What the service has besides devices."""
        return []

    def device_in(self, call: Call) -> str:
        """The device that a request names, "" if it names none. Must be quick."""
        return ""

    def forms(self) -> tuple[Form, ...]:
        """How new things are made, from the operations' signatures."""
        return tuple(self._form(name, label) for name, label in self.made_by.items())

    def _form(self, name: str, label: str) -> Form:
        function = getattr(self.service, name)
        text = (inspect.getdoc(function) or "").partition("\n\n")[0].replace("\n", " ").replace("``", "")
        return Form(name, label, text, arguments(function))

    # For the views of the services.

    def table(
        self,
        title: str,
        source: str,
        columns: Sequence[str],
        empty: str,
        *buttons: Button,
        secret: Iterable[str] = (),
        read: Callable[[Row], Row] = lambda row: row,
    ) -> Table:
        """The newest rows of a table, or of a SELECT in brackets. ``read`` makes of a row what the columns show."""
        state = self.service.state
        rows = state.all(f"SELECT * FROM {source} ORDER BY rowid DESC LIMIT {ROWS}")
        number = state.one(f"SELECT COUNT(*) AS number FROM {source}")
        shown = lines(map(read, rows), columns, *buttons)
        return Table(title, tuple(columns), shown, empty, frozenset(secret), number["number"] if number else 0)

    def named(self, values: Mapping[str, Any], meanings: Mapping[str, str], where: str = "") -> Iterator[Field]:
        """The members of an object. ``meanings``: by name, those of secrets with an exclamation mark before them."""
        for name, value in values.items():
            meaning = meanings.get(name, "The service does not read this.")
            text = value if isinstance(value, str) else json.dumps(value)
            secret = meaning.startswith("!") or is_secret(name) or _holds_secret(value)
            yield Field(name + where, text, meaning.lstrip("!"), secret)

    def header(self, seen: Seen, name: str, meaning: str) -> Iterator[Field]:
        """A header that holds a secret, if it is there."""
        if seen.header(name):
            yield Field(name, seen.header(name), meaning, True)

    def device(
        self,
        row_id: str,
        state: str,
        *,
        name: str = "",
        secrets: Mapping[str, object] | None = None,
        details: Mapping[str, object] | None = None,
        actions: Sequence[Action] = (),
    ) -> DeviceView:
        """A device in a state. A registered one whose credential may not have arrived is orphaned."""
        doubt = self.service.history.doubt(row_id) if state == "registered" else None
        label, meaning = self.states["orphaned" if doubt else state]
        if doubt:
            state, meaning = "orphaned", f"{_DOUBTS[doubt.event]} {meaning}"
        return DeviceView(
            row_id,
            name or row_id,
            state,
            label,
            meaning,
            doubt.time if doubt else None,
            _texts(secrets),
            _texts(details),
            tuple(actions),
        )


# What is known of an orphan: the first is seen, the second only likely.
_DOUBTS = {
    LOST: "The answer with the credential did not reach the device.",
    AGAIN: "The device asked to register again, so it may never have got its credential, or has lost it.",
}


def _texts(values: Mapping[str, object] | None) -> dict[str, str]:
    return {name: str(value) for name, value in (values or {}).items() if value not in (None, "")}


def _holds_secret(value: object) -> bool:
    """Whether a member somewhere in a JSON value is secret by its name."""
    members = list(value.items()) if isinstance(value, dict) else []
    parts = [part for _, part in members] + (list(value) if isinstance(value, list) else [])
    return any(is_secret(name) for name, _ in members) or any(_holds_secret(part) for part in parts)


def filled(action: Action, device: str) -> Action:
    """An action of a view's ``again`` for a device."""
    given = {name: device if value == "{id}" else value for name, value in action.arguments.items()}
    return dataclasses.replace(action, arguments=given)


@dataclasses.dataclass(frozen=True)
class Button:
    """An action of every row of a table, or of those that have a value (``when``: its name, and it): ``given`` has by
    argument the name in the row."""

    operation: str
    label: str
    given: Mapping[str, str]
    dangerous: bool = False
    when: tuple[str, str] | None = None

    def of(self, row: Row) -> Action:
        """The action of a row."""
        return Action(self.operation, self.label, {key: row[name] for key, name in self.given.items()}, self.dangerous)


def lines(rows: Iterable[Row], names: Iterable[str], *buttons: Button) -> tuple[Line, ...]:
    """The rows of a table: ``names`` are those of the columns in a row."""
    names = tuple(names)
    return tuple(
        Line(
            tuple(_cell(row[name]) for name in names),
            tuple(it.of(row) for it in buttons if it.when is None or row[it.when[0]] == it.when[1]),
        )
        for row in rows
    )


def flags(*names: str) -> Callable[[Row], Row]:
    """Makes yes and no of these columns of a row."""
    return lambda row: {**row, **{name: bool(row[name]) for name in names}}


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


__all__ = [
    "SEARCHED",
    "STATES",
    "Action",
    "Answered",
    "Button",
    "Comparison",
    "DeviceView",
    "Explanation",
    "Field",
    "Form",
    "Line",
    "Seen",
    "Table",
    "View",
    "flags",
    "lines",
]
