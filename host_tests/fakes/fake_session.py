"""A registered device with a session, a service that is a function, and a clock that sleeping moves."""

import json

import enroll.connection as connection
import enroll.renew as renew
import enroll.session as session
from enroll import calendar, tasks
from fake_device import GOOD, NOW, Device, Port, Ready, counting
from helpers import Fake, patched


class Connection:
    """One connection: its socket."""

    def __init__(self, net):
        self.net = net
        self.sent = self.rest = b""
        self.open = True
        self.whole = True  # nothing is asked, or the answer has an end of its own

    def setblocking(self, flag):
        assert not flag

    def setsockopt(self, *_):
        pass

    def connect(self, where):
        self.host = where[0]
        raise OSError(115, "in progress")

    def write(self, data):
        assert self.open
        self.sent += bytes(data)
        return len(data)

    def recv(self, size):
        if self.sent:
            head, _, body = self.sent.partition(b"\r\n\r\n")
            first, *lines = head.decode().split("\r\n")
            method, path, _ = first.split(" ")
            headers = dict([line.split(": ", 1) for line in lines])
            if len(body) < int(headers.get("Content-Length", 0)):
                raise OSError(11, "would block")
            self.sent = b""
            it = Fake(method=method, path=path, host=self.host, headers=headers, json=json.loads(body or b"null"))
            self.net.requests.append(it)
            self.rest = self.net.reply(it)
            head, _, body = self.rest.partition(b"\r\n\r\n")
            self.whole = b"\r\nContent-Length: %d" % len(body) in head
        piece, self.rest = self.rest[:size], self.rest[size:]
        if not piece and self.whole:
            raise OSError(11, "would block")
        return piece

    def close(self):
        self.open = False


class Net:
    """Stands for the module `socket`. `answer(request)`, whose request has `method`, `path`, `host`, `headers` and
    `json`, gives (status, what becomes JSON, headers if any), bytes to send as they are, or an exception to raise.
    `requests`: all there were.
    """

    AF_INET = 2
    SOCK_STREAM = 1

    def __init__(self, answer):
        self.answer = answer
        self.requests = []
        self.lines = []

    def getaddrinfo(self, host, port, *_):
        return [(2, 1, 0, "", (host, port))]

    def socket(self, *_):
        self.lines.append(Connection(self))
        return self.lines[-1]

    def reply(self, it):
        answer = self.answer(it)
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, bytes):
            return answer
        status, body, *headers = answer
        body = b"" if body is None else json.dumps(body).encode()
        lines = ["%s: %s\r\n" % item for item in (dict(*headers) or {"Connection": "close"}).items()]
        return b"HTTP/1.1 %d X\r\n%sContent-Length: %d\r\n\r\n%s" % (status, "".join(lines).encode(), len(body), body)

    def asked(self):
        """(method, path) of each request."""
        return [(it.method, it.path) for it in self.requests]

    def open(self):
        return [line.host for line in self.lines if line.open]


class Registered:
    """A device that has registered with GOOD, or `reply`, and its session; `answer`: as of Net."""

    def __init__(self, provider, answer, section=None, reply=None, log=None, **top):
        self.registering = Device(provider, section, **top)
        assert self.registering.boot((200, reply or GOOD[provider])).name == "registered"
        self.it = self.registering.it
        self.net = Net(answer)
        self.ticks = 0
        self.lines = []
        self.log = log or self.lines.append
        self.saves = []
        self.session = None
        self.boot()

    def boot(self):
        """Boot again: nothing is left but flash."""
        if self.session:
            self.session.close()
        self.port = Port(counting(self.saves))
        self.port.sleep = self.sleep
        self.session = session.Session(self.it, self.port, log=self.log)

    def time(self):
        return NOW + self.ticks // 1000

    def gmtime(self, seconds):
        return (1970,)

    def sleep(self, seconds):
        self.ticks += int(seconds * 1000)

    def run(self, function, *more, **named):
        """Drive the task `function(session, ...)` over the net; returns its value. Afterwards nothing is open."""
        before = len(self.net.requests)
        try:
            return self.over(self.net, self.session.run, function(self.session, *more, **named))
        finally:
            self.asked = self.net.requests[before:]
            assert len(self.net.open()) <= len(self.session._idle), "a socket is left open"

    def over(self, sockets, call, *more, **named):
        """`call(...)` with `sockets` in place of the module `socket`, on this device's clock."""
        ticks = {"ticks_ms": lambda: self.ticks & 0x3FFFFFFF}
        with patched(connection, socket=sockets), patched(tasks, select=Ready()):
            with patched(renew, **ticks), patched(calendar, time=self):
                return call(*more, **named)
