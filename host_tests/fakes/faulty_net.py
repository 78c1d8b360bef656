"""The network, with its faults, for models of services, on a clock that only waiting moves.

`Net` stands for the modules `socket` and `select` and for time servers; the services are in service_models.py.
Every secret is "canary-" and a number, and is known together with the hosts that may see it.
"""

import json
import time
from binascii import a2b_base64

from enroll.clock import BUILD, check
from enroll.errors import EnrollError
from power import Cut
from wire import Ready, Socket, Sockets, request

TIMEOUT = 20000  # ms for one request, the default of enroll.json
IDLE = 60000  # ms after which a server closes a connection that nobody uses
SLICES = 4  # of waiting that are taken at once, as a year has many
BEYOND = 1500  # ms that a request may take beyond its time: these slices, and the way there and back
SECONDS = (0.05,) * 40 + (2, 14)  # until the service acts
ALONE = ("refused", "silent", "deaf", "mute", "before", "after", "cut", "500", "503", "429", "glitch")


class Reply:
    """An answer: `after` is its Retry-After in seconds, `final` a refusal to register, `secret` what it gives."""

    def __init__(self, status, body=b"", after=None, final=False, secret=None):
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.after = after
        self.final = final
        self.secret = secret


class Line(Socket):
    """A connection, and its one kind of fault."""

    def __init__(self, net):
        self.net = net
        self.sent = self.answer = b""
        self.end = None  # after the answer: "close" or "reset"; None: silence
        self.heard = None  # called when all of the answer was read
        self.busy = True  # a request is waiting for its answer
        self.began = net.clock.now
        net.open += 1

    def connect(self, where):
        self.host = where[0]
        self.fate = self.net.fate(self.host)
        self.net.step()
        if self.fate == "refused":
            raise OSError(111, "refused")
        super().connect(where)

    def up(self, flags):
        """Those of `flags` that are set: 1 to read, 4 to write."""
        late = not self.busy and self.net.clock.now - self.began > IDLE
        return flags if (self.answer or self.end or late if flags & 1 else self.fate != "silent") else 0

    def write(self, data):
        self.net.step()
        if not self.busy:
            self.busy = True
            self.began = self.net.clock.now
            self.fate = self.net.fate(self.host)
        self.sent += bytes(data)
        it = request(self.sent)
        if it:
            self.sent = b""
            it.host = self.host
            it.headers = {name.lower(): value for name, value in it.headers.items()}
            self.net.act(self, it)
        return len(data)

    def recv(self, size):
        self.net.step()
        piece = self.answer[:size]
        self.answer = self.answer[size:]
        if self.heard and not self.answer:
            self.over()
            self.heard()
            self.heard = None
        if piece or self.end == "close" or (not self.busy and self.net.clock.now - self.began > IDLE):
            return piece
        raise OSError(104 if self.end else 11, "reset or nothing there")

    def over(self):
        took = self.net.clock.now - self.began
        assert not self.busy or took <= TIMEOUT + BEYOND, "%s took %d ms" % (self.host, took)
        self.busy = False

    def close(self):
        self.over()
        self.net.open -= 1


class Poll(Ready):
    def __init__(self, net):
        self.net = net

    def poll(self, timeout=None):
        stream, flags = self.one
        flags = stream.up(flags)
        if not flags:
            self.net.clock.sleep(timeout / 1000 * SLICES)
        return [(stream, flags)] if flags else []


class Net(Sockets):
    """`outage`: the fault of every connection now, or None; "mixed" is any. `faults`: how many in a thousand fail
    without one. `lie`: the error of time servers in seconds; None: they do not answer. `trip`: steps of the network
    left until the power fails, or None."""

    POLLIN = 1

    def __init__(self, chance, clock, service):
        self.chance = chance
        self.clock = clock
        self.service = service
        self.homes = []
        self.open = self.requests = self.lost = self.lines = 0
        self.outage = self.trip = None
        self.told = self.lie = self.faults = 0
        self.calm = False  # after a glitch, until the service works again
        service.join(self)

    # in place of modules

    def socket(self, *_):
        self.lines += 1
        return Line(self)

    def poll(self):
        return Poll(self)

    def ask(self):
        """Task: what clock.ask does."""
        self.clock.sleep(0.1)
        if self.lie is None or self.outage in ("refused", "silent"):
            raise EnrollError("clock", "no time from the model")
        self.told = check(self.clock.time() + self.lie, BUILD)
        return self.told
        yield

    def trusted(self):
        """Whether the device knows the date."""
        return abs(self.told - self.clock.time()) < 100

    # what happens on the way

    def secret(self, *hosts):
        self.homes.append(hosts)
        return "canary-%06d" % (len(self.homes) - 1)

    def step(self):
        if self.trip is not None:
            self.trip -= 1
            if self.trip < 0:
                self.trip = None
                raise Cut

    def fate(self, host):
        if self.outage == "mixed":
            return self.chance.one(ALONE[:7])
        fate = self.outage or self.service.trouble
        if not fate and self.chance.below(1000) < self.faults:
            fate = self.chance.one(ALONE)
        return fate

    def guard(self, host, headers, text):
        """Every secret in a request must be one that its host may see."""
        word, _, code = headers.get("authorization", "").partition(" ")
        if word == "Basic":
            text += str(a2b_base64(code), "utf-8")
        for part in (text + repr(headers)).split("canary-")[1:]:
            assert host in self.homes[int(part[:6])], "a secret was sent to %s" % host

    def act(self, line, call):
        """Answer a request, as far as the connection's fault lets it through."""
        fate = line.fate
        self.requests += 1
        self.guard(call.host, call.headers, call.path + str(call.body, "utf-8"))
        entry = self.service.registers(call)
        if entry:
            self.service.audit()
        self.clock.sleep(self.chance.one(SECONDS))
        if fate == "amnesia" and not entry:
            self.service.secret = None
        if fate in ("deaf", "before"):
            line.end = fate == "before" and "reset"
            return
        reply = self.front(fate) or self.service.reply(call)
        self.clock.sleep(0.05)
        self.lost += fate in ("mute", "after", "cut", "500") and reply.status < 300
        if fate == "500":  # but the service has acted
            reply = Reply(500, b"<html>oops")
        keep = call.headers["connection"] == "keep-alive" and self.chance.below(4)
        data = self.wire(reply, keep)
        if fate in ("mute", "after", "cut"):
            line.answer = data[: len(data) - 1 - self.chance.below(len(reply.body) + 9)] if fate == "cut" else b""
            line.end = None if fate == "mute" else self.chance.one(("close", "reset")) if fate == "cut" else "reset"
        else:
            line.answer = data
            line.end = None if keep else "close"
            line.heard = lambda: self.service.heard(entry, reply)

    def front(self, fate):
        """The answer of something in front of the service, which has not seen the request."""
        if fate == "glitch":
            calm, self.calm = self.calm, True
            return None if calm else Reply(401)
        self.calm = False
        if fate == "html":
            return Reply(200, b"<html>welcome to this hotel")
        if fate in ("503", "429"):
            return Reply(int(fate), b"busy", self.chance.one((None, 20, 300, 7200)))
        return Reply(401) if fate == "401" else None

    def wire(self, reply, keep):
        head = "HTTP/1.1 %d X\r\nContent-Length: %d\r\n" % (reply.status, len(reply.body))
        if reply.after is not None:
            head += "Retry-After: %s\r\n" % self.after(reply.after)
        return head.encode() + (b"\r\n" if keep else b"Connection: close\r\n\r\n") + reply.body

    def after(self, seconds):
        """A Retry-After in one of its two forms."""
        if self.chance.below(2):
            return str(seconds)
        year, month, day, hour, minute, second = time.gmtime(self.clock.time() + seconds)[:6]
        name = "JanFebMarAprMayJunJulAugSepOctNovDec"[3 * month - 3 : 3 * month]
        return "Mon, %02d %s %d %02d:%02d:%02d GMT" % (day, name, year, hour, minute, second)
