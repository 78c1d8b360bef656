"""What the services share: plain requests in, plain answers out, and operations for the administrator.

A service knows nothing of sockets or of the web framework: its handlers are functions from a Call to an Answer, run
inside one transaction, which the exception Refused rolls back.
"""

from __future__ import annotations

import abc
import dataclasses
import functools
import hmac
import json
import math
import random
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from ..clock import Clock
from ..errors import SandboxError
from ..history import AUTHORISED, LOST, REGISTERED, History
from ..operations import About, name_of, operation
from ..state import Row, State
from .settings import change

if TYPE_CHECKING:
    from ..log import Entry
    from .devices import Devices
    from .explain import Explanation
    from .view import DeviceView, Form, Table, View


KEPT = 1000  # messages of devices, the newest, in each table of a service


@functools.lru_cache(maxsize=64)
def _kind(content_type: str) -> str | None:
    """The media type of a Content-Type, None if its charset is another than UTF-8."""
    kind, *parameters = content_type.lower().split(";")
    charset = [item.strip() for item in parameters if item.strip().startswith("charset")]
    return kind.strip() if charset in ([], ["charset=utf-8"], ['charset="utf-8"']) else None


@dataclasses.dataclass(slots=True)  # frozen, it would take each request a microsecond more
class Call:
    """One request: ``parts`` are the variables in the path, ``origin`` is ``scheme://host:port`` as the client spelled
    it, header look-ups ignore case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    parts: Mapping[str, str]
    remote: str
    origin: str

    def parameter(self, name: str) -> str | None:
        """The value of a query parameter, or None unless it is there once."""
        values = [value for key, value in self.query if key == name]
        return values[0] if len(values) == 1 else None

    def is_json(self, *others: str) -> bool:
        """Tell whether the body is declared as JSON, or one of ``others`` (in UTF-8, if it says so at all)."""
        kind = _kind(self.headers.get("Content-Type", ""))
        return kind == "application/json" or (kind is not None and kind in others)


@dataclasses.dataclass(slots=True)
class Answer:
    """One answer. ``secrets`` are values in it that the log cannot tell by their names. ``patience``: for how many
    seconds the handler may be asked again, until it has another answer: a long poll.

    What the handler knows besides, for the log and the console: ``device`` is the id of the device that asked,
    ``reason`` why this is the answer (a word of the service's view, or of history.py), ``expected`` what would have
    been accepted.
    """

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    patience: float = 0
    device: str = ""
    reason: str = ""
    expected: str = ""


class Refused(Exception):
    """Ends a handler with this answer and undoes what it did to the state."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def json_answer(
    value: object,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    secrets: tuple[str, ...] = (),
    device: str = "",
    reason: str = "",
    expected: str = "",
) -> Answer:
    """An answer with a JSON body."""
    body = json.dumps(value).encode()
    return Answer(status, body, headers=headers or {}, secrets=secrets, device=device, reason=reason, expected=expected)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:20]} is too large a number")
    return number


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def decode_json(body: bytes) -> Any:
    """The value of a JSON text. Raises ValueError for anything else (NaN, 1e999, bad UTF-8 and endless
    nesting too)."""
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    except ValueError as error:
        if str(error).startswith("Exceeds the limit"):  # Python's own for the digits of a number
            raise ValueError("a number has too many digits") from None
        raise


def same(left: str, right: str) -> bool:
    """Compare secrets in constant time."""
    return hmac.compare_digest(left.encode("utf-8", "surrogatepass"), right.encode("utf-8", "surrogatepass"))


Handler = Callable[[Call], Answer]


@dataclasses.dataclass(frozen=True)
class Route:
    """A handler for a method and a path under the service's base; ``{name}`` is a variable."""

    method: str
    path: str
    handler: Handler


def ordered_id() -> str:
    """A random UUID that begins with the time (version 7 of RFC 9562): an index grows at its end, which costs a
    registration less than an entry anywhere. No secret: asking the kernel for its bits costs as much as the entry."""
    digits = f"{time.time_ns() // 1_000_000:012x}7{random.getrandbits(76):019x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-a{digits[17:20]}-{digits[20:]}"


def hide(row: Row, names: Iterable[str], reveal: bool) -> Row:
    """A row to show to a person: its secrets as ``***`` unless ``reveal`` is set."""
    return {key: "***" if key in names and value and not reveal else value for key, value in row.items()}


class Service(abc.ABC):
    """One simulated cloud service. ``settings`` is a dataclass of switches that may change at any time,
    see settings.py."""

    name: ClassVar[str]
    bases: ClassVar[tuple[str, ...]]
    schema: ClassVar[str]
    added: ClassVar[tuple[tuple[str, str], ...]] = ()  # columns that came later: (table, declaration)
    settings: Any
    decided: ClassVar[bool] = False  # whether a device may wait for a person

    def __init__(self, state: State, clock: Clock) -> None:
        self.state = state
        self.clock = clock
        self.history = History(state, clock, self.name)
        state.create(self.schema)
        for table, column in self.added:
            state.add_column(table, column)

    @abc.abstractmethod
    def routes(self) -> Iterable[Route]:
        """The calls this service answers."""

    @abc.abstractmethod
    def sample(self, name: str) -> dict[str, Any]:
        """Create the device ``name`` (digits), ready to register; returns its section of enroll.json."""

    def sample_by_hand(self, name: str) -> dict[str, Any]:
        """The same as `sample`, for a device that waits until a person decides: where ``decided`` is true."""
        raise SandboxError(f"no person decides on a device of {self.name}: leave out by_hand")

    def unknown(self, call: Call) -> Answer:
        """The answer to a path under the service's base that it does not have."""
        return json_answer({"error": "not found"}, 404)

    def handle(self, handler: Handler, call: Call) -> Answer:
        """Run a handler in a transaction."""
        try:
            with self.state.transaction():
                answer = handler(call)
                if answer.reason:
                    self.history.settle(answer.device, answer.reason)
                return answer
        except Refused as refusal:
            if refusal.answer.reason:
                self.history.settle(refusal.answer.device, refusal.answer.reason)
            return refusal.answer

    def authorised(self, handler: Handler) -> Handler:
        """A handler for calls with a credential: success shows that the device has it."""

        def handle(call: Call) -> Answer:
            answer = handler(call)
            if answer.reason or answer.status >= 400:
                return answer
            return dataclasses.replace(answer, device=self.device_of(call), reason=AUTHORISED)

        return handle

    def not_sent(self, answer: Answer) -> None:
        """Note that an answer of this service was not sent, or not whole: a device may have lost its credential."""
        if answer.reason == REGISTERED:
            self.history.add(answer.device, LOST)

    def keep(self, table: str, **columns: object) -> None:
        """Insert what a device has sent, and forget the oldest of it."""
        number = self.state.insert(table, **columns)
        self.state.run(f"DELETE FROM {table} WHERE rowid <= ?", number - KEPT)

    # What the console shows.

    @functools.cached_property
    def view(self) -> View[Any]:
        """Makes what the console shows of this service."""
        from .views import VIEWS  # the views import the services

        return VIEWS[self.name](self)

    @functools.cached_property
    def portal_devices(self) -> Devices:
        """Reads the devices as the console shows them: one, a page, or their number."""
        from .devices import Devices  # which imports the services, too

        return Devices(self.view)

    def devices_view(self) -> list[DeviceView]:
        """All devices with their states, and what can be done with them."""
        return self.portal_devices.all()

    def device_view(self, device: str) -> DeviceView | None:
        """The device with an id, as in `devices_view`; None if there never was one."""
        return self.portal_devices.find(device)

    def tables(self) -> list[Table]:
        """What the service has besides devices."""
        return self.view.tables()

    def forms(self) -> tuple[Form, ...]:
        """How a person makes something new."""
        return self.view.forms()

    def device_of(self, call: Call, answer: Answer | None = None) -> str:
        """The id of the device that makes a call, "" if that is unknown. Quick: it is asked on every request."""
        return answer.device if answer and answer.device else self.view.device_in(call)

    def explain(self, entry: Entry) -> Explanation:
        """What a logged request means, and what to do about it."""
        from .explain import explain

        return explain(self, entry)

    @operation
    def set(
        self,
        name: Annotated[str, name_of("The setting's name.")],
        value: Annotated[str | int | float | bool, About("Its new value.")],
    ) -> dict[str, Any]:
        """Change one of the service's settings, and show all of them."""
        change(self.name, self.settings, name, value)
        return self.show_settings()

    @operation
    def show_settings(self) -> dict[str, Any]:
        """Show the service's settings and their values."""
        return dataclasses.asdict(self.settings)
