"""Authorised requests with the credential that registration has brought."""

from . import tasks
from .calendar import now
from .errors import EnrollError
from .url import quote

if False:  # for type hints only
    from typing import Any

    from .config import Config
    from .credential import Credential
    from .requests import Response


def _check(task) -> None:
    """Raises TypeError for what is no task: a function that was not called, a Response."""
    if not hasattr(task, "send"):
        raise TypeError("no task: give what session.task or a provider's device module returns")


class Session:
    """Requests to the service in the name of this device. The credential goes to its own origin only.

    One connection is kept open from request to request where the server allows it, but is not used again after 30 s of
    silence. Over TLS it takes about 25 KB, on RP2 out of MicroPython's heap: `close` gives them back. Under asyncio
    that is done after those 30 s. `credential`: the present one.
    """

    def __init__(self, config: "Config", port, credential: "Credential | None" = None, log=tasks.ignore) -> None:
        """`credential`: if left out, the stored one. `log`: as the Enroller's. Raises EnrollError("configuration") if
        there is none.
        """
        if credential is None:
            from .journal import Slots, recall

            config.complete(port.identity())
            credential = recall(config, Slots(config.store))[1]
            if credential is None:
                raise EnrollError("configuration", "this device is not registered: call enroll.run first")
        self.credential = credential
        self.config = config
        self.port = port
        self.log = log
        self._idle: list = []  # the connection that can be used again, see requests.fetch
        self._base = ""  # where it leads
        self._turn: Any = None  # asyncio.Lock, of the task whose turn it is
        self._closing: Any = None  # the task that closes the connection
        self._up = False  # whether the link was looked after since the last failure
        self._timed = False  # whether the clock was set since this boot and since the last certificate was refused
        self.refused: Any = None  # when the first 401 in a row came, in ticks of milliseconds
        self.hold = 0  # until when no other attempt to register again is made, in Unix seconds by the board's clock
        self.failures = 0  # of such attempts, in a row
        self._unheard = 0  # requests in a row to which nobody answered
        self.sent = False  # a registration is under way that must not be cut, see tasks.arun

    def request(self, method: str, path: str, repeat: bool = False, **more) -> "Response":
        """Send a request as `requests.request` does and return its Response.

        `path` is empty or starts with a slash or question mark; it is appended to the service's base (for some the
        device's hub). "{id}" in it stands for the device's id, also for one that it is given meanwhile.

        Where the service answers 401 twice, five seconds apart, the device registers again; the old credential stays
        until there is another. Then the request is made once more: with every method but POST and PATCH, and with these
        if the caller allows to `repeat` them. (Otherwise the two 401s are those of two calls.)

        The link is brought up before the first request and after each that failed. The clock is set before the first
        request, and again after a certificate was refused.

        Raises OSError and EnrollError as `requests.request` does, EnrollError("configuration") where the service has no
        such requests, and what a registration raises.
        """
        return self.run(self.task(method, path, repeat, **more))

    async def arequest(self, method: str, path: str, repeat: bool = False, **more) -> "Response":
        """The same under asyncio, without blocking its loop. Several wait for each other."""
        return await self.arun(self.task(method, path, repeat, **more))

    def run(self, task):
        """Drive `task`, one of this session's or of a provider's module `device`, to its end and return its value."""
        _check(task)
        return tasks.run(task, self.port.feed, self.port.sleep, self)

    async def arun(self, task):
        """The same under asyncio, without blocking its loop. Several wait for each other."""
        import asyncio

        _check(task)
        if not self._turn:
            self._turn = asyncio.Lock()
        async with self._turn:
            try:
                return await tasks.arun(task, self.port.feed, owner=self)
            finally:
                if self._idle and not self._closing:
                    self._closing = asyncio.create_task(self._expire())

    async def _expire(self):
        """Close the connection once it has been silent for too long."""
        import asyncio

        from .requests import expire

        try:
            while self._idle:
                await asyncio.sleep(1)
                expire(self._idle)
        finally:
            self._closing = None

    def close(self) -> None:
        """Close the connection that was kept open."""
        while self._idle:
            self._idle.pop()[0].close()

    def task(self, method: str, path: str, repeat: bool = False, base: str | None = None, **more):
        """Task: what `request` does. `base`: another address of the service to append `path` to."""
        if not tasks.driven:  # it is awaited or iterated as it is: nothing would wait for what it waits for
            raise TypeError("a task needs a driver: session.run(task), or await session.arun(task)")
        if path[:1] not in ("", "/", "?"):
            raise EnrollError("configuration", "a session's path starts with a slash, not %s" % path.partition("?")[0])
        repeat = repeat or method not in ("POST", "PATCH")

        def send():
            return self._send(method, path, base, repeat, more)

        response = yield from send()
        if response.status_code == 401:
            from .renew import after_401

            return (yield from after_401(self, send, response, repeat))
        self.refused = None
        return response

    def _prepare(self):
        """Task: bring the link up, and set the clock, which TLS needs, unless that was done and nothing speaks
        against it.
        """
        config = self.config
        yield from self.port.connect(config.network) or ()
        if not self._timed:
            from . import clock
            from .config import unload

            self.port.set_clock((yield from clock.ask(config, getattr(self.log, "info", self.log))))
            self._timed = True
            del clock
            unload("clock")
        self._up = True

    def _send(self, method: str, path: str, base: str | None, repeat: bool, more: dict):
        from .http1 import add
        from .requests import fetch

        config = self.config
        service = config.service
        if not self._up:
            yield from self._prepare()
        if hasattr(service, "refresh"):
            from .renew import expired

            yield from expired(self)
        if not base:
            base = service.base(config, self.credential) if hasattr(service, "base") else config.url
        if base != self._base:
            self.close()
            self._base = base
        url = base + path.replace("{id}", quote(self.credential.device_id))
        more = dict(more)
        headers = more["headers"] = dict(more.get("headers") or {})
        for name, value in self.credential.headers(now()).items():
            add(headers, name, value)
        more.setdefault("timeout", config.timeout)
        try:
            more["repeat"] = repeat
            response = yield from fetch(method, url, ca=config.ca, feed=self.port.feed, idle=self._idle, **more)
            self._unheard = 0
            return response
        except (OSError, EnrollError) as error:
            self._up = False
            kind = getattr(error, "kind", "network")
            if kind == "certificate":
                self._timed = False  # it may be the clock that is wrong
            self._unheard += kind == "network"
            if self._unheard > 2:
                self._unheard = 0
                getattr(self.port, "drop", tasks.ignore)()  # a driver may say that it is connected, and be wrong
            raise
