"""A device with its board, its store and its service, through several boots."""

import json

import enroll.commit as commit
from clock import NOW
from enroll.commit import Journal
from enroll.enroller import Enroller
from enroll.journal import recall
from helpers import Fake, config, folder


def counting(saves, real=Journal):
    """What makes a Journal that notes (path, state) of each record it writes in `saves`, a list."""

    def store(path, *more):
        found = real(path, *more)
        save = found.save

        def noted(state, *more):
            saves.append((path, state))
            save(state, *more)

        found.save = noted
        return found

    return store


class Port:
    """A board whose link is up and whose clock is right."""

    def __init__(self, store=Journal):
        self.store = store
        self.connected = 0
        self.clock = None
        self.set = []  # what the clock was set to
        self.now = NOW
        self.slept = []
        self.fed = 0
        self.kept = b""

    def memory(self, data=None):
        if data is not None:
            self.kept = data
        return self.kept

    def identity(self):
        commit.Journal = self.store  # asked before anything is opened
        return {}

    def connect(self, networks):
        self.connected += 1
        self._clock = clock = __import__("enroll.clock", None, None, ("ask",))  # the module that is used next
        if not hasattr(clock, "real"):
            clock.real = clock.ask
        clock.ask = self._time
        return ()

    def _time(self, config, log=None):
        self._clock.ask = self._clock.real
        return self.now
        yield

    def set_clock(self, unix):
        self.clock = unix
        self.set.append(unix)

    def feed(self):
        self.fed += 1

    def sleep(self, seconds):
        self.slept.append(seconds)


class Service:
    """A function like urequests'; answers one after another: (status, body or bytes), with headers, or an exception."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.open = 0

    def __call__(self, method, url, **more):
        self.requests.append((method, url, more))
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        status, body, *headers = answer
        self.open += 1
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Fake(status_code=status, content=content, headers=dict(*headers), close=self.close)

    def close(self):
        self.open -= 1


class Device:
    """A device of one configuration, through several boots; `lines` is all that was logged."""

    def __init__(self, provider, section=None, **top):
        self.it = config(provider, section, store=folder() + "/state", **top)
        self.lines = []
        self.port = Port()

    def boot(self, *answers, port=None):
        """One attempt: its Action."""
        self.port = port or Port()
        self.service = Service(*answers)
        self.enroller = Enroller(self.it, self.port, request=self.service, log=self.lines.append)
        try:
            return self.enroller.step(0)
        finally:
            self.enroller.close()
            assert self.service.open == 0, "a response is left open"
            queries = [url.split("?")[1] for _, url, _ in self.service.requests if "?" in url]
            for line in self.lines:
                assert "canary" not in line and "\n" not in line, line
                assert not [query for query in queries if query in line], line

    def refused(self, kind, *answers):
        """One attempt that fails with `kind`."""
        action = self.boot(*answers)
        assert action.name == "wait" and action.error.kind == kind, (action.name, action.error)
        return action

    def interrupted(self, *answers):
        """One attempt that Ctrl-C ends once its first request has left."""

        class Interrupt(BaseException):
            pass

        def feed():
            if self.service.requests:
                raise Interrupt

        port = Port()
        port.feed = feed
        try:
            self.boot(*answers, port=port)
        except Interrupt:
            return
        raise AssertionError("nothing was interrupted")

    def state(self):
        return recall(self.it, Journal(self.it.store))[0]
