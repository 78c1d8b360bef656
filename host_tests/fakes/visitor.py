"""A phone in a device's own network, and that network: what the port's `access_point` returns, without sockets."""

from helpers import Fake

HOST = "192.168.4.1"
BLOCKS = OSError(11, "would block")


class Visitor:
    """A connection from a phone, which sends `pieces`: bytes, None where it waits, an exception. After the last one it
    waits. `got`: the answer, of which it takes at most `most` bytes at a time, and nothing once it is None."""

    def __init__(self, *pieces, most=9999):
        self.pieces = list(pieces)
        self.most = most
        self.got = b""
        self.open = True

    def recv(self, size):
        piece = self.pieces.pop(0) if self.pieces else None
        if piece is None:
            raise BLOCKS
        if isinstance(piece, Exception):
            raise piece
        if len(piece) > size:
            self.pieces.insert(0, piece[size:])
        return piece[:size]

    def send(self, data):
        if self.most is None:
            raise BLOCKS
        self.got += data[: self.most]
        return min(len(data), self.most)

    def close(self):
        assert self.open, "closed twice"
        self.open = False

    @property
    def status(self):
        return int(self.got.split(b" ")[1])

    @property
    def where(self):
        """Where it is redirected to."""
        return str(self.got.partition(b"\r\nLocation: ")[2].partition(b"\r\n")[0], "utf-8")

    @property
    def text(self):
        return str(self.got.partition(b"\r\n\r\n")[2], "utf-8")


class Point:
    """The network: `waiting` connections. `answered`: how often it was told to answer questions for names."""

    host = HOST

    def __init__(self):
        self.waiting = []
        self.answered = 0
        self.open = True

    def accept(self):
        return self.waiting.pop(0) if self.waiting else None

    def answer(self):
        self.answered += 1

    def close(self):
        assert self.open, "closed twice"
        self.open = False


def onboarding(*networks):
    """Stands for an Onboarding in whose reach are `networks`. `lines`: what it has logged; `points`: the networks that
    the port has made, with (ssid, password); `scans`: how often it looked for others."""
    it = Fake(state=2, wanted=(), said=("", ""), lines=[], points=[], scans=0)

    def access_point(ssid, password):
        it.points.append((Point(), ssid, password))
        return it.points[-1][0]

    def scan():
        it.scans += 1
        return [(name, -50, True) for name in networks]

    it.port = Fake(access_point=access_point, scan=scan)
    it.owner = Fake(log=it.lines.append)
    return it


def request(path="/", host=HOST, method="GET", body=b"", more=()):
    """A request as a browser sends it."""
    lines = ["%s %s HTTP/1.1" % (method, path), "Host: " + host, "User-Agent: Mozilla/5.0"] + list(more)
    if body:
        lines.append("Content-Length: %d" % len(body))
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def encode(text):
    """`text` as a browser writes it into a form."""
    found = ""
    for byte in text.encode():
        one = bytes([byte])
        found += "+" if one == b" " else str(one, "utf-8") if one.isalpha() or one.isdigit() else "%%%02X" % byte
    return found


def form(key, ssid="", password="", hidden=""):
    """The body that the page's form sends."""
    fields = (("k", key), ("s", ssid), ("o", hidden), ("p", password))
    return "&".join(["%s=%s" % (name, encode(value)) for name, value in fields]).encode()


class Listener:
    """A socket of an access point: `waiting` are connections, or (packet, sender); `sent` packets that left it."""

    def __init__(self, kind):
        self.kind = kind
        self.where = None
        self.waiting = []
        self.sent = []
        self.open = True
        self.blocks = True

    def setblocking(self, flag):
        self.blocks = flag

    def setsockopt(self, *_):
        pass

    def bind(self, where):
        if self.where == "taken":
            raise OSError(98, "EADDRINUSE")
        self.where = where

    def listen(self, most):
        assert most > 1, "browsers open several connections"

    def _next(self, *_):
        assert not self.blocks and self.open
        if not self.waiting:
            raise BLOCKS
        return self.waiting.pop(0)

    accept = recvfrom = _next

    def sendto(self, packet, receiver):
        self.sent.append((packet, receiver))

    def close(self):
        self.open = False


class Sockets:
    """Stands for the module `socket` of an access point. `made`: its sockets; `taken`: whether its ports are."""

    AF_INET, SOCK_STREAM, SOCK_DGRAM, SOL_SOCKET, SO_REUSEADDR = 2, 1, 2, 1, 4

    def __init__(self):
        self.made = []
        self.taken = False

    def socket(self, _family, kind):
        self.made.append(Listener(kind))
        if self.taken:
            self.made[-1].where = "taken"
        return self.made[-1]

    def getaddrinfo(self, host, port, *_):
        return [(2, 1, 0, "", (host, port))]
