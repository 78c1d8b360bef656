"""What a board itself says is registered on it: read on the board, never from a file on the host."""

from __future__ import annotations

import datetime
import shlex
from dataclasses import dataclass

from .answers import OneOf, Text
from .errors import ANSWER, REFUSED, Failure
from .library import LIBRARY, identity_keys, provider, reset_words
from .link import Link
from .snippets import Program
from .template import Settings
from .untrusted import clean

LINE = 2000  # characters of a line of a record: an address is compared, not only shown
TRIED, RAW, KEPT = 1, 3, 4  # states of a record, see lib/enroll/journal.py
_EARLIEST, _LATEST = 1_577_836_800, 4_102_444_800  # 2020 and 2100: between them a board's clock can be true

# What is registered: [board id, [[state, identity, device id, time], ...]], the newest record first; an attempt beside
# a refusal counts for nothing, as in journal.recall. `source`: of journal.py, for a board whose own library is broken;
# without it such a board says "no library".
REGISTRATION = Program(
    """
import json, os
def text(data):
    try:
        return str(data, "utf-8")
    except UnicodeError:
        return ""
def folder():
    for path in ("/enroll.json", "/enroll.json.whole"):
        try:
            with open(path) as file:
                found = json.load(file).get("store")
            return found if isinstance(found, str) and found.strip() else "state"
        except (OSError, ValueError, AttributeError):
            pass
    return "state"
def when(path):
    import time
    try:
        seconds = os.stat(path)[8]
    except OSError:
        return 0
    return seconds + (946684800 if time.gmtime(0)[0] == 2000 else 0)
def name(state, body):
    try:
        found = json.loads(body)[0] if state == 4 else ""
        return found if isinstance(found, str) else ""
    except (ValueError, TypeError, IndexError, KeyError):
        return ""
def records(store):
    found = []
    refused = None
    for older in (False, True):
        record = store.load(older)
        if record and record[0] == 2:
            refused = record[1]
        elif record and record[:2] != (1, refused):
            state, who, body = record
            slot = store.next if older else 1 - store.next
            found.append([state, text(who), name(state, body), when(store.name(slot))])
    for who in store.damaged:
        if who != refused and who.count(b"\\n"):
            found.append([1, text(who), "", 0])
    return found
def number():
    try:
        import machine
        return machine.unique_id().hex()
    except (ImportError, AttributeError):
        return ""
def main(source):
    path = folder()
    if path[0] != "/":
        path = "/" + path
    try:
        if path[:5] == "/nvs/":
            import port
        from enroll.journal import Slots
    except Exception:
        try:
            os.stat(path)
        except OSError:
            return [number(), []]
        if not source:
            return "no library"
        space = {}
        exec(source, space)
        Slots = space["Slots"]
    return [number(), records(Slots(path))]
""",
    OneOf(("no library", (Text(64, "([0-9a-f]{2})*"), [(int, Text(2000), str, int)]))),
)


@dataclass(frozen=True)
class Registration:
    """A record on a board. `state` is KEPT, RAW (an answer that nobody has read yet) or TRIED (nobody knows how an
    attempt ended). `identity`: the values of the provider's keys of kind I. `since`: UTC, "" where the board did not
    know the time. All texts are clean.
    """

    state: int
    provider: str
    url: str
    identity: tuple[str, ...]
    device_id: str
    since: str

    @property
    def keys(self) -> dict[str, str]:
        """The identity as {key of enroll.json: value}; numbers are the keys where the provider is not known here."""
        module = provider(self.provider)
        names = identity_keys(module) if module else [str(at) for at, _ in enumerate(self.identity)]
        return dict(zip(names, self.identity, strict=False))

    @property
    def device(self) -> str:
        """The identity as one text, spelled as Settings.device is."""
        return ";".join(f"{key}={value}" for key, value in self.keys.items() if value)

    @property
    def name(self) -> str:
        """What a person calls it by; --replace wants this."""
        return self.device_id or next(filter(None, self.identity), "") or "unknown"

    @property
    def once(self) -> bool:
        """Whether its service registers a device only once."""
        return bool(getattr(provider(self.provider), "ONCE", False))

    @property
    def sentence(self) -> str:
        """Who it is, where, and since when."""
        since = f" since {self.since}" if self.since else ""
        if self.state == KEPT:
            return f"{self.name}, registered at {clean(self.url)}{since}"
        if self.state == TRIED:
            return f"not registered; an earlier attempt as {self.name} at {clean(self.url)} may have succeeded"
        return f"{self.name}, registered at {clean(self.url)} with an answer that nobody has read yet{since}"

    @property
    def given_up(self) -> str:
        """Says that it was given up, and what to do next."""
        words = reset_words(self.provider)
        what = "attempt" if self.state == TRIED else "registration"
        return f"the {what} of {self.name} has been given up" + (f": {words}" if words else "")

    def carries(self, settings: Settings) -> bool:
        """Whether provider and identity are those of `settings`, at any address. A key that `settings` leaves to the
        board matches any value."""
        ours = settings.identity
        return self.provider == settings.provider and all(
            self.keys.get(key) == value for key, value in ours.items() if value
        )

    def fits(self, settings: Settings) -> bool:
        """Whether it is what `settings` wants: the provider, the identity, and the address or an earlier one."""
        return self.carries(settings) and self.url in (settings.url, *settings.moved_from)


@dataclass(frozen=True)
class Seen:
    """What a board says: its `board` id (of the chip, as 24:0A:..., "" where it has none) and what is registered."""

    board: str = ""
    registration: Registration | None = None


def read(link: Link) -> Seen:
    """Ask the board. Its own library reads the records; where that is broken, the host's does. Raises Failure."""
    found = link.call(REGISTRATION, "")
    if found == "no library":
        source = (LIBRARY / "journal.py").read_text(encoding="utf-8")
        alone = "\n".join(line for line in source.split("\n") if not line.startswith("from ."))
        found = link.call(REGISTRATION, "EnrollError = OSError\n" + alone)
    try:
        board, records = found
        registrations = [_registration(*record) for record in records]
        return Seen(bytes.fromhex(board).hex(":").upper(), max(registrations, key=_worth, default=None))
    except (TypeError, ValueError, AttributeError):
        sentence = f"the board at {link.port} does not say what is registered on it: unplug it, then run this again"
        raise Failure(ANSWER, sentence) from None


def _registration(state: int, who: str, device_id: str, since: int) -> Registration:
    if state not in (TRIED, RAW, KEPT):
        raise ValueError
    url, name, *identity = (clean(line, LINE) for line in who.split("\n"))
    module = provider(name)
    size = len(identity_keys(module)) if module else len(identity)  # a provider may bind a record to more
    return Registration(state, name, url, tuple(identity[:size]), clean(device_id), _time(since))


def _worth(registration: Registration) -> bool:
    """Choose an answer or a credential before an attempt, and of two such the newer, which comes first."""
    return registration.state in (RAW, KEPT)


def _time(seconds: int) -> str:
    if not _EARLIEST < seconds < _LATEST:
        return ""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def give_up(there: Registration) -> str:
    """What to do to give it up, for a sentence."""
    remedy = f"use --replace {shlex.quote(there.name)} to give it up"
    words = reset_words(there.provider)
    return f"{remedy}, and {words}" if words else remedy


def protect(seen: Seen, settings: Settings, replace: frozenset[str]) -> bool:
    """Whether to give up the board's registration; False if it has none, or already the right one.

    Raises Failure if it has another one and `replace` does not name it.
    """
    there = seen.registration
    if there is None or there.fits(settings):
        return False
    if there.name in replace:
        return True
    remedy = give_up(there)
    if there.carries(settings):
        remedy += ", or list its address in `moved_from` if that service has moved"
    raise Failure(REFUSED, f"this board is {there.sentence}: {remedy}")
