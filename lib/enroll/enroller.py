"""Registers a device: from what the journal knows to a credential on flash, one attempt at a time.

journal.py says what is written when.
"""

import gc
import json

from . import commit, tasks
from .config import unload
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

_ROOM = const(464)  # words of heap that handling an answer takes at most, apart from the answer itself


class Action:
    """What `Enroller.step` returns.

    `name`: "registered" with the `credential`, or "wait" with the attempt's `error`, None if no attempt was due. `at`:
    when to call `step` again, in seconds on the caller's clock; from `attempt` the seconds to wait.
    """

    def __init__(self, at: float, credential: "Credential | None" = None, error: EnrollError | None = None) -> None:
        self.name = "registered" if credential else "wait"
        self.at = at
        self.credential = credential
        self.error = error


def _failed():
    """The module `failed`, loaded only now. Raises MemoryError, after which it may be loaded again."""
    unload()  # which makes the next import safe
    from . import failed

    return failed


_busy: list[str] = []  # folders of the journals for which an attempt is running


class Enroller:
    """Registers one device.

    `config`: a Config. `port`: the board's port module. `request`: a function with the interface of urequests, used
    instead of the verified client; it gets urequests' arguments only. `log`: called with one line for each event, or a
    logger of micropython-lib's `logging`, whose `info` and `warning` are called. No line contains a secret.
    """

    def __init__(self, config: "Config", port, request=None, log=tasks.ignore, replaces=None, owner=None) -> None:
        """`replaces`: a Credential that the service no longer accepts; the stored one counts only if it differs.
        `owner`: the object whose attribute `sent` the driver watches, see tasks.arun; None: this Enroller.

        Raises EnrollError("configuration") if a required key is neither in enroll.json nor known to the board.
        """
        config.complete(port.identity())
        self.config = config
        self.port = port
        self.request = request
        self.log = getattr(log, "info", log)
        self.journal = journal = commit.Journal(config.store)
        journal.warn = self.warn = getattr(log, "warning", log)
        self.replaces = replaces
        self.steps = config.service.register  # renew.py replaces this
        self.renewed = 0  # Unix seconds for the new Credential's `renewed`
        self.owner = owner or self
        self.sent = False  # a request that cannot be taken back was sent, and its outcome is not on flash yet
        self.failures = 0  # in a row; each that has joined a network counts three; below 0: nobody knows, see sleep.py
        self.due: tuple = ()  # when the next attempt is due, on each clock that `step` may be given; (): not read yet

    def step(self, now: float) -> Action:
        """Make one attempt if one is due at `now`, and return an Action. For a device that sleeps until `Action.at`.

        `now`: seconds on any clock that runs during sleep. `at` is on the same clock, as it was before this call. After
        the sleep a new Enroller goes on where this one stopped, see sleep.py.

        Raises EnrollError of kind `configuration` or `storage`: no later attempt can put these right.
        """
        unload()  # as in _failed
        from .sleep import step

        return step(self, now, Action)

    def run(self) -> "Credential":
        """Try until registered, however long it takes. Returns the Credential; raises EnrollError as `step` does."""
        return tasks.run(self._tries(), self.port.feed, self.port.sleep, self)

    async def arun(self) -> "Credential":
        """The same under asyncio, without blocking its loop.

        A cancellation while a registration request is out takes effect once its answer is saved, within `timeout`.
        """
        return await tasks.arun(self._tries(), self.port.feed, owner=self)

    def close(self) -> None:
        """Close the files that are open on flash."""
        self.journal.close()

    def _tries(self):
        try:
            while True:
                action = yield from self.attempt()
                if action.credential:
                    return action.credential
                try:
                    yield from _failed().pause(self, action)
                except MemoryError:  # not even enough heap to report the error
                    yield from tasks.pause(action.at)
        finally:
            self.close()

    def attempt(self):
        """Task: make one attempt, after any other attempt with the same journal has ended. Returns an Action, whose
        `at` is the seconds to wait. Raises an EnrollError after which no other attempt makes sense.
        """
        journal = self.journal
        path = journal.path
        config = self.config
        patience = config.timeout * 40  # quarter seconds; no longer, as the other task may never have been closed
        while path in _busy and patience > 0:
            journal.state = None  # read flash again: the other attempt may have registered
            patience -= 1
            yield 0.25
        _busy.append(path)
        try:
            credential = journal.recall(config)
            old = self.replaces
            if not credential or (old and credential.secret.reveal() == old.secret.reveal()):
                yield from self._register()
                credential = recall(config, journal)[1]  # as a later boot will read it, before `finish` erases anything
                if not credential:
                    raise journal.trouble(OSError(5))  # EIO: what was read back differs
            try:
                getattr(config.service, "finish", tasks.ignore)(config, self.warn)
            except Exception as error:  # the device is registered all the same
                self.warn("%s %s" % (type(error).__name__, error))
            return Action(0, credential)
        except Exception as error:  # from a driver, a name server, a library: it passes, or a person must be told
            try:
                return _failed().failed(self, error, Action)
            except MemoryError:  # not even enough heap to report the error
                journal.state = None
                return Action(config.cap, None, EnrollError("memory", "not enough heap"))
        finally:
            _busy.remove(path)

    def _register(self):
        config = self.config
        journal = self.journal
        journal.prepare()
        if config.url[4] == "s":
            from .connection import trust

            trust(config.ca, self.warn)  # reports a file without certificates before any packet is sent
        self.log("connecting")
        yield from tasks.connect(self)
        from . import clock

        now = yield from clock.ask(config, self.log)
        self.port.set_clock(now)
        del clock
        unload("clock")  # no longer needed: the request gets its heap
        steps = self.steps(config, now)
        self.again = again = journal.state in (TRIED, RAW)  # steps.py reads it, too
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
                    raise _failed().words("no answer from the service", error)
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
        """The exception to raise for `error`, which parsing `answer` raised. Writes the outcome to the journal."""
        try:
            if not isinstance(error, MemoryError):
                return _failed().refused(self, answer, error)
        except MemoryError as scarce:
            error = scarce
        if not answer.again and 400 <= answer.status < 500:
            self.journal.note(REFUSED)  # not enough heap to read the reason
        return error

    def _exchange(self, request: "Request", now: int):
        """Task: send `request` and return its Answer. If the connection fails halfway, returns the part that came, with
        `cut` set. `now`: Unix seconds.
        """
        self.log("%s %s" % (request.method, request.shown))
        config = self.config
        service = config.service
        body: Any = request.body
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
            request.headers["Content-Type"] = "application/json; charset=UTF-8"
        ready = self._ready if request.credential else tasks.ignore
        gc.collect()  # keeps what stays from fragmenting the heap
        if self.request:
            from .foreign import over

            exchange = over(self.request)
        else:
            from .http1 import exchange
        buffer = bytearray(service.ANSWER)
        it = yield from exchange(
            request.method, request.url, body, request.headers, config.timeout, config.ca, ready, request.json
        )
        try:
            cut = None
            try:
                yield from it.body(buffer)
            except (OSError, EnrollError, MemoryError) as error:  # MemoryError: an error message takes heap, too
                if it.status_code < 300 and not it.size:
                    raise
                cut = error
            answer = Answer(it.status_code, memoryview(buffer)[: it.size])
            answer.request = request
            answer.headers = headers = it.headers
            answer.cut = cut
            answer.pending = getattr(service, "pending", tasks.ignore)(config, answer)
            if request.credential and service.ONCE and answer.status < 300 and not (answer.pending or answer.page()):
                self.journal.note(RAW, answer.body)  # before anything else: from here on nothing can lose it
            if "retry-after" in headers:
                from .backoff import after

                answer.retry_after = after(headers, now)
        finally:
            it.close()
        return answer

    def _ready(self) -> None:
        """Called last before a request that cannot be taken back: prove that its answer can be kept."""
        gc.collect()
        [None] * _ROOM
        self.journal.arm()
        self.owner.sent = True
