"""From whatever the journal says to a credential that is kept, one attempt at a time.

journal.py says what is written when.
"""

import gc
import json

from . import commit, tasks
from .errors import EnrollError
from .journal import RAW, REFUSED, TRIED, recall
from .providers import Answer

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

    from .config import Config
    from .credential import Credential
    from .providers import Request

_ROOM = const(416)  # words of heap that handling an answer takes at most, besides the answer itself


class Action:
    """What `Enroller.step` says: `name` "registered" with the `credential`, or "wait" until `at` because of `error`."""

    def __init__(self, at: float, credential: "Credential | None" = None, error: EnrollError | None = None) -> None:
        self.name = "registered" if credential else "wait"
        self.at = at
        self.credential = credential
        self.error = error


_busy: list[str] = []  # the stores for which an attempt is under way


class Enroller:
    """Registers one device: `config` and the board's `port`, put together.

    `request`: a function like urequests' to use instead of the verified client; it is given urequests' arguments and
    nothing else. `log`: called with one line for each thing that happens, or a logger of micropython-lib's `logging`,
    whose `info` and `warning` are; never with a secret.
    """

    def __init__(self, config: "Config", port, request=None, log=tasks.ignore, replaces=None, owner=None) -> None:
        """`replaces`: a Credential that the service no longer knows, so that another one is wanted. `owner`: what has
        the attribute `sent` for the driver, see tasks.arun; itself if None.

        Raises EnrollError("configuration") for what the board cannot fill in.
        """
        config.complete(port.identity())
        self.config = config
        self.port = port
        self.request = request
        self.log = getattr(log, "info", log)
        self.warn = getattr(log, "warning", log)
        self.journal = commit.Journal(config.store)
        self.journal.warn = self.warn
        self.replaces = replaces
        self.steps = config.service.register  # renew.py gives others
        self.renewed = 0  # what the Credential says of that
        self.owner = owner or self
        self.sent = False  # a request has left that cannot be taken back, and flash does not say yet what came of it
        self.failures = 0
        self.due: tuple = ()  # when the next attempt is on each clock that `step` may be asked with; (): not looked yet

    def step(self, now: float) -> Action:
        """Make one attempt if it is due at `now`, and say what to do next: for a device that sleeps until `Action.at`.

        `now`: seconds of any clock that goes on while it sleeps; `at` is on that clock as it was before this call.
        An Enroller of the next wake goes on where this one was, see sleep.py. Raises EnrollError for what no later
        attempt can put right: configuration and storage.
        """
        from .sleep import step

        return step(self, now, Action)

    def run(self) -> "Credential":
        """Try until registered, however long it takes. Raises EnrollError as `step` does."""
        return tasks.run(self._tries(), self.port.feed, self.port.sleep, self)

    async def arun(self) -> "Credential":
        """The same under asyncio, without blocking its loop. Where it is cancelled while a registration is under way,
        that is finished first: it ends, its answer saved, within `timeout`.
        """
        return await tasks.arun(self._tries(), self.port.feed, owner=self)

    def close(self) -> None:
        """Close what is open on flash."""
        self.journal.close()

    def _tries(self):
        try:
            while True:
                action = yield from self.attempt()
                if action.credential:
                    return action.credential
                error = action.error
                self.warn("%s: %s; next attempt in %d s" % (error.kind, error, action.at))
                yield from tasks.pause(action.at)
        finally:
            self.close()

    def attempt(self):
        """Task: one attempt, once any other one with the same records is over. Returns the Action, whose `at` is the
        seconds to wait; raises an EnrollError after which there should be no other attempt.
        """
        journal = self.journal
        path = journal.path
        patience = self.config.timeout * 40  # ten times a request: it may have been given up without a word
        while path in _busy and patience > 0:
            journal.state = None  # look again: the other one may have registered
            patience -= 1
            yield 0.25
        _busy.append(path)
        config = self.config
        try:
            credential = journal.recall(config)
            old = self.replaces
            if not credential or (old and credential.secret.reveal() == old.secret.reveal()):
                yield from self._register()
                credential = recall(config, journal)[1]  # what a later boot will read, before anything is erased
                if not credential:
                    raise journal.trouble(OSError(5))  # EIO: it reads back as something else
            try:
                getattr(config.service, "finish", tasks.ignore)(config, self.warn)
            except Exception as error:  # it has no say in whether the device is registered
                self.warn("%s %s" % (type(error).__name__, error))
            return Action(0, credential)
        except Exception as error:  # of a driver, a name server, a library: it passes, or a person reads of it
            try:
                from .failed import failed
            except MemoryError:  # not even for what would say so
                journal.state = None
                return Action(config.cap, None, EnrollError("memory", "not enough heap"))
            return failed(self, error, Action)
        finally:
            _busy.remove(path)

    def _register(self):
        config = self.config
        journal = self.journal
        journal.prepare()
        if config.url[4] == "s":
            from .connection import trust

            trust(config.ca, self.warn)  # a file without certificates is found before any packet
        self.log("connecting")
        yield from self.port.connect(config.network) or ()
        from . import clock
        from .config import unload

        now = yield from clock.ask(config, self.log)
        self.port.set_clock(now)
        del clock
        unload("clock")  # it has done its part: where its code is in the heap, the request gets that
        steps = self.steps(config, now)
        again = journal.state in (TRIED, RAW)
        answer = None
        while True:
            request = steps.send(answer)
            if not hasattr(request, "method"):  # another step
                from .steps import take

                answer = yield from take(request, self)
                continue
            try:
                try:
                    answer = yield from self._exchange(request, now)
                except Exception as error:
                    if self.owner.sent:
                        journal.note(REFUSED if not again and getattr(error, "unsent", False) else TRIED)
                    from .failed import words

                    raise words("no answer from the service", error)
                answer.again = again
                if request.credential and not answer.pending:
                    try:
                        credential = config.service.parse(config, answer)
                    except Exception as error:
                        raise self._refused(answer, error)
                    credential.renewed = self.renewed
                    journal.keep(credential.encode())
                    return
            finally:
                self.owner.sent = False

    def _refused(self, answer: Answer, error: Exception) -> Exception:
        """What to raise for `error`, which came of parsing `answer`; what it means for the next attempt is noted."""
        try:
            if not isinstance(error, MemoryError):
                from .failed import refused

                return refused(self, answer, error)
        except MemoryError as scarce:
            error = scarce
        if not answer.again and 400 <= answer.status < 500:
            self.journal.note(REFUSED)  # there is no heap to read why
        return error

    def _exchange(self, request: "Request", now: int):
        """Task: send one request and return its Answer; what has come of it, even if the rest is lost (`cut`)."""
        method = request.method
        url = request.url
        headers = request.headers
        timeout = self.config.timeout
        self.log("%s %s" % (method, url.split("?")[0]))
        service = self.config.service
        body: Any = request.body
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers["Content-Type"] = "application/json; charset=UTF-8"
        ready = self._ready if request.credential else tasks.ignore
        gc.collect()  # so that what stays lies close together
        if self.request:
            from .foreign import over

            exchange = over(self.request)
        else:
            from .http1 import exchange
        buffer = bytearray(service.ANSWER)
        it = yield from exchange(method, url, body, headers, timeout, self.config.ca, ready)
        try:
            cut = None
            try:
                yield from it.body(buffer)
            except (OSError, EnrollError, MemoryError) as error:  # Memory: to say what is wrong takes some too
                if it.status_code < 300 and not it.size:
                    raise
                cut = error
            body = memoryview(buffer)[: it.size]
            answer = Answer(it.status_code, body)
            answer.pending = getattr(service, "pending", tasks.ignore)(self.config, answer)
            if request.credential and service.ONCE and it.status_code < 300 and not (answer.pending or answer.page()):
                self.journal.note(RAW, body)  # at once: nothing that happens from here on can lose it
            answer.cut = cut
            if "retry-after" in it.headers:
                from .backoff import after

                answer.retry_after = after(it.headers["retry-after"], now)
        finally:
            try:
                it.close()
            except OSError:
                pass
        return answer

    def _ready(self) -> None:
        """The last moment before a request that cannot be taken back: prove that its answer can be kept."""
        gc.collect()
        [None] * _ROOM
        self.journal.arm()
        self.owner.sent = True
