"""Explains a logged request: what its fields mean, what was expected, and one sentence: what happened: what to do.

A verdict says only what is certain. Why a service refused is what its handler noted at that moment (`Answer.reason`),
because the device may have been changed since; what differs in a hash is told only if a changed input gives that hash.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

from ..clock import parse_time
from ..fault_kinds import KINDS
from ..history import REGISTERED
from ..redact import HIDDEN
from .base import Call

if TYPE_CHECKING:
    from ..log import Entry
    from .base import Service
    from .view import View


@dataclasses.dataclass(frozen=True)
class Field:
    """One field of a request or an answer, and what it means."""

    name: str
    value: str
    meaning: str
    secret: bool = False


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A value that the service received, beside the one that it expected."""

    what: str
    received: str
    expected: str
    secret: bool = True


@dataclasses.dataclass(frozen=True)
class Answered:
    """What a service says of a request that it answered."""

    verdict: str
    expected: tuple[Comparison, ...] = ()


@dataclasses.dataclass(frozen=True)
class Explanation:
    """A logged request, explained. ``verdict``: what happened, a colon, what to do. ``polls``: the device waits for
    something, and asks again."""

    verdict: str
    fields: tuple[Field, ...] = ()
    expected: tuple[Comparison, ...] = ()
    polls: bool = False


class _Headers(dict[str, str]):
    """Headers whose names ignore case."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__({name.lower(): value for name, value in headers.items()})

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a header."""
        return super().get(key.lower(), default)

    def __contains__(self, key: object) -> bool:
        """Whether there is such a header."""
        return super().__contains__(str(key).lower())


@dataclasses.dataclass(frozen=True)
class Seen:
    """A logged request, taken apart again. ``route`` is the path of the service's route, None if it has none such;
    ``moment`` is when it came, Unix seconds of the sandbox's clock."""

    entry: Entry
    call: Call
    route: str | None
    moment: float

    @property
    def reason(self) -> str:
        """What the handler noted of its decision."""
        return self.entry.reason

    @property
    def expected(self) -> str:
        """What the handler would have accepted, "" if it noted nothing."""
        return self.entry.expected

    @property
    def masked(self) -> bool:
        """Whether the log holds stars in place of what the client sent."""
        texts = (self.entry.path, self.entry.body, *self.entry.headers.values())
        return any(HIDDEN in text for text in texts)

    @property
    def cut(self) -> bool:
        """Whether the log has the beginning of the request's body only."""
        return re.search(r"\bbody .*cut to", self.entry.note) is not None

    @functools.cached_property
    def body(self) -> dict[str, Any]:
        """The request's JSON object, {} if it has none."""
        return _object(self.entry.body)

    @functools.cached_property
    def answer(self) -> dict[str, Any]:
        """The answer's JSON object, {} if it has none."""
        return _object(self.entry.answer)

    def header(self, name: str) -> str:
        """A header of the request, "" if it is missing."""
        return str(self.call.headers.get(name, ""))


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def seen(service: Service, entry: Entry) -> Seen:
    """Take a request of a service apart."""
    path, _, query = entry.path.partition("?")
    route, parts = _match(service, entry.method, unquote(path))
    headers = _Headers(entry.headers)
    call = Call(
        method=entry.method,
        path=unquote(path),
        query=tuple(parse_qsl(query, keep_blank_values=True, errors="surrogateescape")),
        headers=headers,
        body=entry.body.encode("utf-8", "surrogatepass"),
        parts=parts,
        remote=entry.remote,
        origin=f"{'https' if entry.listener.startswith('https') else 'http'}://{headers.get('Host', 'localhost')}",
    )
    return Seen(entry, call, route, parse_time(entry.time))


def _match(service: Service, method: str, path: str) -> tuple[str | None, dict[str, str]]:
    """The service's route for a request, and the variables in the path."""
    for base in service.bases:
        for route in service.routes():
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(base + route.path))
            match = re.fullmatch(pattern, path)
            if match and route.method == method:
                return route.path, match.groupdict()
    return None, {}


def explain(service: Service, entry: Entry) -> Explanation:
    """Explain a request that was logged for a service."""
    request = seen(service, entry)
    view: View[Any] = service.view
    fields = (*(view.fields(request) if request.route is not None else ()), *_common(request))
    told = _general(service, request) or (Answered(view.told(request)) if request.cut else view.reason(request))
    polls = request.reason in view.polls and not fault_in(entry.note)
    return Explanation(told.verdict + _besides(request, told), fields, told.expected, polls)


def _besides(request: Seen, told: Answered) -> str:
    """What limits or adds to the service's verdict."""
    words = " The log has the beginning of the body only, so its fields cannot be told." if request.cut else ""
    fault = fault_title(request.entry.note)
    if fault and fault not in told.verdict:
        words += f" A fault that was set here changed or delayed the answer ({fault})."
    return words


def fault_in(note: str) -> str:
    """The fault that a log entry's note tells of, "" if there was none."""
    return note.removeprefix("fault: ") if note.startswith("fault: ") else ""


def fault_title(note: str) -> str:
    """What a person calls the fault of a log entry: in quotes the words on its button, if it has one."""
    fault = fault_in(note)
    name = _BUTTONS.get(fault, fault.partition(",")[0])
    return f'"{KINDS[name].label}"' if name in KINDS else fault


# Faults without a name that do what one with a name does.
_BUTTONS = {"drop after": "lost-answer", "drop before": "refused-before"}


def _kept_back(request: Seen) -> Answered:
    """What to say of an answer that a fault kept from the device."""
    fault = f"a fault that was set here ({fault_title(request.entry.note)}) kept the"
    remove, told = "remove the fault if it is still set", f"The service did its work, and {fault} answer back"
    if request.reason == REGISTERED:
        told = f"The service registered the device, and {fault} answer back"
        return Answered(f"{told}: {remove}, and do what the device's page says.")
    if request.entry.status >= 400:
        told = f"The service refused the request ({request.entry.status}), and {fault} refusal back"
    return Answered(f"{told}: {remove}, and start the device again.")


def _general(service: Service, request: Seen) -> Answered | None:
    """What can be said without knowing the service; None if the service knows more."""
    entry, fault = request.entry, fault_in(request.entry.note)
    if "drop after" in fault or (fault and entry.status == 0 and request.reason):
        return _kept_back(request)
    if fault and not request.reason and (entry.status == 0 or "canned" in fault or "portal" in fault):
        answered = f"answered {entry.status}" if entry.status else "gave no answer"
        told = f"A fault that was set here {answered} ({fault_title(entry.note)})"
        return Answered(f"{told}, and the service never saw the request: the device should try again.")
    if entry.status == 0:
        return Answered(f"No answer was sent ({entry.note or 'the reason is unknown'}): the device should try again.")
    return _no_route(service, request) if request.route is None else _broken(entry.status)


def _broken(status: int) -> Answered | None:
    words = {
        413: "The body is longer than the sandbox takes: send less than 256 KB.",
        500: "The sandbox failed in its own code: look at its terminal, and report it.",
    }
    return Answered(words[status]) if status in words else None


def _no_route(service: Service, request: Seen) -> Answered:
    methods = [
        route.method
        for base in service.bases
        for route in service.routes()
        if _match(service, route.method, request.call.path)[0] is not None
    ]
    if methods:
        wanted = ", ".join(sorted(set(methods)))
        return Answered(f"The service does not take {request.call.method} at this path: send {wanted}.")
    return Answered(
        f"The service has nothing at this path: check `url` in enroll.json, which ends with {service.bases[0]} here."
    )


def _common(request: Seen) -> Iterable[Field]:
    """Headers that mean the same everywhere."""
    for name, meaning in _HEADERS.items():
        value = request.header(name)
        if value:
            yield Field(name, value, meaning)


_HEADERS = {
    "Host": "The server's name or address as the device has it from `url`.",
    "Content-Type": "What the body is written in.",
    "Accept": "What the device takes as an answer.",
    "User-Agent": "The client's program.",
}
