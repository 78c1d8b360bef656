"""The state machine: from whatever the store says to a credential that is kept.

What is written when (a "write" is one slot): `tried` before the first request ever leaves, `refused` once when the service
says no and no attempt's outcome is unknown, `raw` when the answer of a register-once service is there, `kept` at the end.
"""

import gc
import json
import os

from micropython import const

from . import retry, wait
from .config import Config
from .credential import KEPT, RAW, REFUSED, TRIED, Credential, identity, recall
from .errors import EnrollError
from .providers import Answer, Request

_ROOM = const(2048)  # bytes of heap that handling an answer takes at most, besides the answer itself
_SLOW = ("refused", "orphaned", "answer", "configuration")


class Action:
    """What `Enroller.step` says: `registered` with the `credential`, or `wait` until `at` because of `error`."""

    def __init__(self, name: str, at: float = 0, credential: Credential | None = None, error: EnrollError | None = None) -> None:
        self.name = name
        self.at = at
        self.credential = credential
        self.error = error


class Enroller:
    """Registers one device: `config` and the board's `port`, put together.

    `request`: a function like urequests' to use instead of the verified client; it is then given urequests' arguments
    and nothing else. `log`: called with one line for each thing that happens; never with a secret.
    """

    def __init__(self, config: Config, port, request=None, log=None) -> None:
        """Raises EnrollError("configuration") for what the board cannot fill in."""
        config.complete(port.identity())
        self.config = config
        self._port = port
        self._request = request
        self._log = log or wait.ignore
        self._store = port.store(config.store)
        self._identity = identity(config)
        self._state: int | None = None  # of the newest record; None: not looked yet
        self._pending: tuple | None = None  # (state, body) that flash has not taken yet
        self._buffer = bytearray(0)  # for an answer
        self._now = 0  # Unix seconds, once they are known
        self._failures = 0
        self._due = 0.0

    def step(self, now: float) -> Action:
        """Make one attempt if it is due at `now` (seconds of any clock that goes on), and say what to do next.

        Raises EnrollError for what no later attempt can mend: configuration and storage.
        """
        if now < self._due:
            return Action("wait", self._due)
        try:
            return Action("registered", credential=wait.run(self._attempt(), self._port.feed, self._port.sleep))
        except EnrollError as error:
            self._due = now + self._delay(error)
            return Action("wait", self._due, error=error)

    def run(self) -> Credential:
        """Try until registered, however long it takes. Raises EnrollError as `step` does."""
        try:
            return wait.run(self._tries(), self._port.feed, self._port.sleep)
        finally:
            self.close()

    async def arun(self) -> Credential:
        """The same under asyncio, without blocking its loop."""
        try:
            return await wait.arun(self._tries(), self._port.feed)
        finally:
            self.close()

    def close(self) -> None:
        """Close what is open on flash."""
        self._store.close()

    def _tries(self):
        while True:
            try:
                return (yield from self._attempt())
            except EnrollError as error:
                seconds = self._delay(error)
                self._log("%s: %s; next attempt in %d s" % (error.kind, error, seconds))
            yield from wait.pause(seconds)

    def _delay(self, error: EnrollError) -> float:
        """Seconds until the next attempt. Raises `error` again if there should be none."""
        if error.kind in ("configuration", "storage") and not error.said and not self._pending:
            raise error
        self._failures += 1
        chance = int.from_bytes(os.urandom(2), "big") / 65536
        config = self.config
        return retry.delay(self._failures, config.first, config.cap, chance, error.kind in _SLOW, error.retry_after)

    def _attempt(self):
        """Task: one attempt. Returns the Credential; raises EnrollError, whatever went wrong."""
        try:
            if self._pending:
                self._keep(*self._pending)
            credential = self._recall()
            if not credential:
                credential = yield from self._register()
            if not self.config.erase_used():
                self._log("the registration token could not be erased from enroll.json: remove it there")
            return credential
        except MemoryError:
            self._state = None  # look again: the answer may be on flash
            raise EnrollError("memory", "not enough heap for a registration: free some, or restart")

    def _recall(self) -> Credential | None:
        """The credential, if an earlier attempt of this or an earlier boot has brought it."""
        if self._state in (None, RAW, KEPT):
            self._state, credential = recall(self.config, self._store)
            if credential and self._state == RAW:
                self._log("an answer was saved but not used: it is used now")
                self._keep(KEPT, credential.encode())
            return credential
        return None

    def _register(self):
        self._store.prepare()
        self._log("connecting")
        yield from self._port.connect(self.config.network) or ()
        yield from self._set_clock()
        steps = self.config.service.register(self.config, self._now)
        answer = None
        while True:
            request = steps.send(answer)
            again = self._state in (TRIED, RAW)
            answer = yield from self._exchange(request)
            if request.credential:
                answer.again = again
                return self._accept(answer)

    def _set_clock(self):
        """Task: ask for the time. Where UDP is blocked, a Date header is a hint; TLS is verified after it as ever."""
        from . import clock

        earliest = self.config.earliest
        if earliest is None:
            earliest = clock.iso_date(clock.BUILD)
        try:
            self._now = yield from clock.sntp(self.config.ntp, earliest)
        except EnrollError as error:
            if not self._now:  # once known, this port's clock goes on
                self._log("%s; asking the service for the date" % error)
                self._now = clock.check((yield from self._date()) or 0, earliest)
        self._port.set_clock(self._now)

    def _date(self):
        """Task: the date that the service's server sends to anyone, or None."""
        from . import clock, transport

        try:
            root = "/".join(self.config.url.split("/")[:3]) + "/"
            answer = yield from transport.exchange("HEAD", root, timeout=self.config.timeout, verify=False, keep=("date",))
            answer.close()
            return clock.http_date(answer.headers.get("date", ""))
        except (OSError, EnrollError):
            return None

    def _exchange(self, request: Request):
        """Task: send one request and return its Answer. If it is lost after it was sent, that is noted."""
        sent = []

        def ready() -> None:
            self._ready(request)
            sent.append(1)

        self._log("%s %s" % (request.method, request.url.partition("?")[0]))
        try:
            return (yield from self._send(request, ready))
        except (OSError, ValueError, EnrollError) as error:
            if sent and request.credential:
                self._note(TRIED)
            if isinstance(error, EnrollError):
                raise
            raise EnrollError("network", "no answer from the service (%s): check the network and `url`" % error)

    def _send(self, request: Request, ready):
        config = self.config
        headers = request.headers
        more = {"headers": headers, "timeout": config.timeout}
        if request.json is not None:
            more["data"] = json.dumps(request.json).encode()
            headers["Content-Type"] = "application/json; charset=UTF-8"
        if self._request:
            ready()
            response = self._request(request.method, request.url, **more)
            answer = Answer(response.status_code, response.content)
        else:
            from .transport import exchange

            body = more.pop("data", b"")
            response = yield from exchange(request.method, request.url, body, ca=config.ca, ready=ready, keep=("retry-after",), **more)
            answer = Answer(response.status)
        try:
            for name in response.headers:
                if name.lower() == "retry-after":
                    answer.retry_after = self._seconds(response.headers[name])
            if not self._request:
                yield from self._receive(response, answer)
            return answer
        finally:
            response.close()

    def _receive(self, response, answer: Answer):
        """Task: read the body of `answer`. What has come of a credential is kept even if the rest is lost."""
        size = 0
        try:
            while True:
                piece = yield from response.piece()
                if not piece:
                    break
                if size + len(piece) > len(self._buffer):
                    raise EnrollError("answer", "the answer is longer than %d bytes: check `url`" % len(self._buffer))
                self._buffer[size : size + len(piece)] = piece
                size += len(piece)
        except (OSError, EnrollError) as error:
            if answer.status >= 300 or not size:
                raise
            answer.cut = error
        answer.body = memoryview(self._buffer)[:size]

    def _seconds(self, value: str) -> int | None:
        """Retry-After in seconds (RFC 9110, 10.2.3), or None where it is neither a number nor a date."""
        if value.isdigit():
            return int(value[:9])
        from .clock import http_date

        date = http_date(value)
        return None if date is None else date - self._now

    def _ready(self, request: Request) -> None:
        """The last moment before a request that cannot be taken back: prove that its answer can be kept."""
        gc.collect()
        self._buffer = bytearray(self.config.service.ANSWER)
        bytearray(_ROOM)
        if request.credential:
            if not self._state:
                self._write(TRIED)
            self._store.begin()

    def _accept(self, answer: Answer) -> Credential:
        """Keep the answer before anything else is done with it, then make it a credential."""
        service = self.config.service
        good = answer.status < 300
        if service.ONCE and good:
            self._try_keep(RAW, answer.body)
        try:
            credential = service.parse(self.config, answer)
        except EnrollError as error:
            error.said = True
            error.retry_after = answer.retry_after
            if error.kind != "answer" or not good:
                raise self._refused(error, answer)
            if not service.ONCE:
                self._try_keep(RAW, answer.body)
            raise answer.cut or error
        self._keep(KEPT, credential.encode())
        self._log("registered")
        return credential

    def _refused(self, error: EnrollError, answer: Answer) -> EnrollError:
        """Note what a refusal says about this device's place at the service, and return the error for it."""
        if error.kind == "server" and answer.status not in (429, 503):
            self._note(TRIED)  # it may have been registered all the same
        elif not answer.again:
            self._note(REFUSED)
        elif self.config.service.ONCE and error.kind == "refused":
            kept = " (%s keeps an answer that could not be read)" % self.config.store if self._state == RAW else ""
            error = EnrollError(
                "orphaned",
                "an earlier answer was lost%s, and now the service refuses: reset this device in its portal; it then registers by itself" % kept,
            )
        return error

    def _note(self, state: int) -> None:
        """Record what is known now, if that is news and worth more than what is there. A flash that refuses is no reason to stop."""
        if self._state not in (state, RAW):
            self._state = state
            try:
                self._write(state)
            except EnrollError as error:
                self._log(str(error))

    def _write(self, state: int, body=b"") -> None:
        self._store.save(state, self._identity, body, state in (RAW, KEPT))
        self._state = state

    def _keep(self, state: int, body) -> None:
        """Write what must not be lost. If flash will not take it, it is tried again before anything else."""
        self._pending = (state, body)
        self._write(state, body)
        self._pending = None

    def _try_keep(self, state: int, body) -> None:
        try:
            self._keep(state, body)
        except EnrollError as error:
            self._log(str(error))
