"""Authorised requests of a registered device."""

from . import tasks
from .calendar import now
from .config import unload
from .errors import EnrollError
from .url import quote

if False:  # for type hints only
    from typing import Any

    from .config import Config
    from .credential import Credential
    from .requests import Response


def _check(task) -> None:
    """Raise TypeError if `task` is not one: a function that was not called, say, or a Response."""
    if not hasattr(task, "send"):
        raise TypeError("not a task: pass what session.task returns")


class Session:
    """Requests to the service, authorised with this device's credential. The credential is sent to its own origin only.

    Between requests one connection stays open if the server allows it; after 30 s of silence it is not used again. With
    TLS it takes about 25 KB, on RP2 from MicroPython's heap: `close` frees them. Under asyncio the session closes it
    after those 30 s by itself.

    `credential`: the current Credential.
    """

    def __init__(self, config: "Config", port, credential: "Credential | None" = None, log=tasks.ignore) -> None:
        """`config`, `port`, `log`: as for Enroller. `credential`: None for the stored one.

        Raises EnrollError("configuration") if no credential is stored.
        """
        if credential is None:
            from .journal import Slots, recall

            config.complete(port.identity())
            credential = recall(config, Slots(config.store))[1]
            if credential is None:
                raise EnrollError("configuration", "this device is not registered", "call enroll.run first")
        self.credential = credential
        self.config = config
        self.port = port
        self.log = log
        self._idle: list = []  # the idle connection, see requests.fetch
        self._base = ""  # the address that it leads to
        self._turn: Any = None  # an asyncio.Lock; the task that holds it may send
        self._closing: Any = None  # the asyncio task that will close the idle connection
        self._up = False  # the link was brought up after the last failure
        self._timed = False  # the clock was set, and no certificate was refused since
        self.refused: Any = None  # when the first of several 401s in a row came, in ticks of milliseconds
        self.hold = 0  # Unix seconds by the board's clock; do not try to replace the credential before
        self.failures = 0  # failed attempts to replace it, as an Enroller counts them
        self._unheard = 0  # requests without an answer, in a row
        self.sent = False  # a registration must not be interrupted now, see tasks.arun

    def request(self, method: str, path: str, repeat: bool = False, **more) -> "Response":
        """Send a request and return its Response.

        `path`: empty, or begins with a slash or question mark; appended to the service's base address (for some
        services the device's hub). "{id}" in it becomes the current device id. `repeat`: True if a POST or PATCH may be
        sent twice; other methods always may. `more`: as for `requests.request`.

        If the service answers 401 twice, five seconds apart, the device registers again; the old credential stays until
        there is a new one. Then the request is sent once more. If it may not be sent twice, its 401 is returned, and
        the second 401 has to come in answer to a later request.

        The session brings the link up before the first request and after each failed one. It sets the clock before the
        first request, and again after a certificate was refused or the clock fell back to a time that cannot be true.

        Raises OSError and EnrollError as `requests.request` does, EnrollError("configuration") if the service takes no
        such requests, and EnrollError if registering again fails.
        """
        return self.run(self.task(method, path, repeat, **more))

    async def arequest(self, method: str, path: str, repeat: bool = False, **more) -> "Response":
        """The same under asyncio, without blocking its loop. Concurrent requests wait for each other."""
        return await self.arun(self.task(method, path, repeat, **more))

    def run(self, task):
        """Run `task` to its end and return its value. It comes from `task` or from a provider's module `device`."""
        _check(task)
        return tasks.run(task, self.port.feed, self.port.sleep, self)

    async def arun(self, task):
        """The same under asyncio, without blocking its loop. Concurrent tasks wait for each other."""
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
        """Close the idle connection once it has been silent for too long."""
        import asyncio

        from .requests import expire

        try:
            while self._idle:
                await asyncio.sleep(1)
                expire(self._idle)
        finally:
            self._closing = None

    def close(self) -> None:
        """Close the idle connection."""
        while self._idle:
            self._idle.pop()[0].close()

    def task(self, method: str, path: str, repeat: bool = False, base: str | None = None, **more):
        """Task: the same as `request`. `base`: the address to append `path` to, if not the usual one."""
        if not tasks.driven:  # awaited or iterated directly: then nobody serves what the task yields
            raise TypeError("a task needs a driver: session.run(task) or await session.arun(task)")
        if path[:1] not in ("", "/", "?"):
            raise EnrollError("configuration", "path %s" % path.partition("?")[0], "begin it with a slash")
        repeat = repeat or method not in ("POST", "PATCH")
        unload()  # makes imports safe after a request that ran out of heap

        def send():
            return self._send(method, path, base, repeat, more)

        response = yield from send()
        if response.status_code == 401:
            from .renew import after_401

            return (yield from after_401(self, send, response, repeat))
        self.refused = None
        return response

    def ready(self):
        """Task: bring the link up after a failure. Set the clock, which TLS needs, unless that was done since a
        certificate failed. Refresh a credential that has expired.
        """
        config = self.config
        if not self._up:
            yield from tasks.connect(self)
            if not self._timed:
                from . import clock

                self.port.set_clock((yield from clock.ask(config, getattr(self.log, "info", self.log))))
                self._timed = True
                del clock
                unload("clock")
            self._up = True
        if hasattr(config.service, "refresh"):
            from .renew import expired

            yield from expired(self)

    def _send(self, method: str, path: str, base: str | None, repeat: bool, more: dict):
        from .http1 import add
        from .requests import fetch

        config = self.config
        service = config.service
        yield from self.ready()
        if not base:
            base = service.base(config, self.credential) if hasattr(service, "base") else config.url
        if base != self._base:
            self.close()
            self._base = base
        url = base + path.replace("{id}", quote(self.credential.device_id))
        more = dict(more)
        headers = more["headers"] = dict(more.get("headers") or {})
        more.setdefault("timeout", config.timeout)
        try:
            for name, value in self.credential.headers(now()).items():
                add(headers, name, value)
            response = yield from fetch(
                method, url, ca=config.ca, feed=self.port.feed, idle=self._idle, repeat=repeat, **more
            )
            self._unheard = 0
            return response
        except (OSError, EnrollError) as error:
            self.failed(error)
            raise

    def failed(self, error) -> None:
        """Draw the conclusions from `error`, which came instead of an answer: for the link, and for the clock."""
        self._up = False
        kind = getattr(error, "kind", "network")
        self._timed = self._timed and kind not in ("certificate", "clock")  # the clock may be wrong
        self._unheard += kind == "network"
        if self._unheard > 2:
            self._unheard = 0
            getattr(self.port, "drop", tasks.ignore)()  # the driver may report a link that is dead
