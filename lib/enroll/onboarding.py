"""A device that can join no network is given one by a person, while its attempts go on.

How a person does that is in modules of their own: improv.py is one. Such a way is an object with these functions, none
of which blocks:

    poll()              called at least every quarter of a second: may set `wanted` or `interrupted` of the Onboarding
    failed(joined)      the network that was wanted could not be joined, or, if it was `joined`, not be saved
    joined(url, text)   a network was joined; `text` says what then became of the registration, see Onboarding.tell
    close()

It may have `busy`: true while the person does not know yet what became of the network.

Loaded only where no network works.
"""

from time import ticks_diff, ticks_ms

from . import tasks
from .config import Secret, unload
from .networks import PORTAL, remember

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from collections.abc import Callable
    from typing import Any

READY, JOINING, JOINED = 2, 3, 4  # as Improv numbers them
_PATIENCE = const(25000)  # ms until a person is told that the network works, whatever becomes of the registration
_LINGER = const(30)  # half seconds that a person has to see what became of the network
_SLICE = const(0.05)  # seconds between two looks at the ways, where nothing else is done
_PAUSE = const(30)  # seconds between two attempts of a session to bring the link up


class Onboarding:
    """What the ways to be given a network share.

    `heard`: a way sets it when a person, or their page, has done something.

    `state`: READY; JOINING, from the time a network is given until it is known what became of that; JOINED. `wanted`:
    (ssid, password) that a person has given, () if there is none. `interrupted`: whether Ctrl-C came. `said`: (url,
    text) of the latest `joined`, or ("", what is wrong).
    """

    def __init__(self, owner: "Any", attempt: "Callable") -> None:
        """`owner`: the Enroller or Session. `attempt()`: a task that returns (error or None, seconds to wait, text)."""
        self.owner = owner
        self.config = owner.config
        self.port = owner.port
        self.attempt = attempt
        self.state = READY
        self.wanted: tuple = ()
        self.interrupted = False
        self.said = "", ""
        self.ways: list = []
        self.heard = False
        self._told = False  # that Ctrl-C has to wait
        self._since: Any = 0  # when the person gave the network, in ticks; 0 if it has not been joined

    def run(self, seconds: float, linger: float = 0, come: bytes = b""):
        """Task: go on with attempts, the first one in `seconds`, until one succeeds or the heap is full, and nobody has
        been heard for `linger` seconds.

        `come`: what has already come over the serial port. Returns the seconds to wait until the next attempt. Raises
        EnrollError as `attempt` does.
        """
        try:
            if hasattr(self.port, "console"):
                from .improv import Improv

                self.ways.append(Improv(self, come))
            network = not linger and hasattr(self.port, "access_point") and _own_network(self)
            if network:
                from .portal import Portal

                self.ways.append(Portal(self, network["ssid"], network["password"].reveal()))
            self.owner.port = _Showing(self)
            while True:
                yield from self._beside(tasks.pause(seconds))
                if self.wanted:
                    yield from self._join(*self.wanted)
                found = yield from self._beside(self._attempt())
                if found:
                    error, seconds = found
                    if not error or error.kind == "memory":
                        yield from self._linger(linger)
                        if not self.wanted:
                            return seconds
                        seconds = 0
        finally:
            self.owner.port = self.port
            for way in self.ways:
                way.close()

    def _linger(self, seconds: float):
        """Task: wait until nobody has been heard for `seconds`, and a person has seen what became of the network."""
        self.heard = seconds > 0
        while self.heard and not self.wanted:
            self.heard = False
            yield from self._beside(tasks.pause(seconds))
        left = _LINGER
        while left and any([getattr(way, "busy", False) for way in self.ways]):
            left -= 1
            yield from self._beside(tasks.pause(0.5))
        if left < _LINGER:
            yield from self._beside(tasks.pause(1))  # the last page is on its way

    def _attempt(self):
        """Task: make an attempt, and tell what became of it. Returns (error or None, seconds to wait)."""
        try:
            error, seconds, text = yield from self.attempt()
        except Exception as raised:
            self.tell(str(raised))
            raise
        if getattr(error, "joined", True):
            self.tell(text)
        else:
            self.state = READY
        return error, seconds

    def tell(self, text: str, url: str = "") -> None:
        """Tell a person that the network works, and what became of the registration. `url`: where the person goes on;
        "": the service's own address.
        """
        self.state = JOINED
        self._since = 0
        self.said = url or self.config.url, text
        for way in self.ways:
            way.joined(*self.said)

    def _join(self, ssid: str, password: str):
        """Task: join a network that a person has given, and only then save it."""
        since = ticks_ms() or 1
        self.wanted = ()
        self.state = JOINING
        network = {"ssid": ssid, "password": Secret(password) if password else None}
        joined = False
        try:
            # a link that is up would hide that this network cannot be joined
            getattr(self.port, "drop", tasks.ignore)()
            yield from self._beside(self._connect([network]))
            if not self.wanted:
                joined = True
                remember(self.config, ssid, password)
                self.config.network.insert(0, network)
                self._since = since
        except Exception as error:
            self.said = "", getattr(error, "fact", str(error))
            getattr(self.owner, "warn", tasks.ignore)("network: %s" % error)
            self.state = READY
            for way in self.ways:
                way.failed(joined)

    def _connect(self, networks: list):
        yield from self.port.connect(networks) or ()

    def _beside(self, task):
        """Task: run `task`, and look after the ways meanwhile. Returns its value; None if it was given up for a network
        that a person has given. Raises KeyboardInterrupt after a Ctrl-C, but not while a registration is under way.
        """
        flags = None
        try:
            while True:
                what = task.send(flags)
                while not isinstance(what, tuple) and what > _SLICE:
                    what -= _SLICE
                    yield _SLICE
                    if self._look():
                        return None
                flags = yield what
                if self._look():
                    return None
        except StopIteration as end:
            return end.value
        finally:
            task.close()

    def _look(self) -> bool:
        """Look after the ways. Returns whether to give up what is going on, for a network that a person has given."""
        for way in self.ways:
            way.poll()
        if self._since and ticks_diff(ticks_ms(), self._since) > _PATIENCE:
            self.tell("joined, registering")
        if not self.owner.sent:
            if self.interrupted:
                raise KeyboardInterrupt
            return bool(self.wanted)
        if self.interrupted and not self._told:
            self._told = True
            self.owner.warn("registering, will stop then")  # the host tools look for it
        return False


def _own_network(it: Onboarding) -> "dict | None":
    """`portal` of enroll.json: `ssid` and `password` of a network that the device makes; None if it is to make none."""
    from . import reader, schema

    found = None
    try:
        wanted = it.config.path and reader.read(it.config.path).get("portal")
        if wanted:
            found = schema.fields(wanted, PORTAL, "portal")
    except Exception as error:  # a mistake there must not end the registration
        it.owner.log(str(error))
    del reader, schema
    unload("reader", "scalars", "schema", "mistakes")
    return found


class _Showing:
    """The port of `it`, which also tells a person what a service wants to be shown."""

    def __init__(self, it: Onboarding) -> None:
        self._it = it

    def __getattr__(self, name: str) -> "Any":
        return getattr(self._it.port, name)

    def show(self, text: str, code: str, address: str) -> None:
        getattr(self._it.port, "show", tasks.ignore)(text, code, address)
        self._it.tell("%s: code %s" % (text, code), address)


def register(enroller: "Any", seconds: float, linger: float = 0, come: bytes = b""):
    """Task: attempts to register beside the ways to be given a network; arguments and value as of Onboarding.run."""

    def attempt():
        action = yield from enroller.attempt()
        credential = action.credential
        text = "registered %s %s" % (credential.provider, credential.device_id) if credential else str(action.error)
        return action.error, action.at, text

    return (yield from Onboarding(enroller, attempt).run(seconds, linger, come))


def online(session: "Any"):
    """Task for `session.run` or `session.arun`: bring the link up. If no network works, go on until a person has given
    the device one that does.
    """

    def attempt():
        try:
            yield from tasks.connect(session)
        except Exception as error:
            if not getattr(error, "scan", False):
                raise
            return error, _PAUSE, ""
        return None, 0, "online"

    error, _, _ = yield from attempt()
    if error:
        yield from Onboarding(session, attempt).run(0)
