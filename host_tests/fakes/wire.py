"""Sockets with the test at their other end: requests and answers."""

import json

from helpers import Fake


class Ready:
    """Stands for the module `select`: everything is always ready."""

    def poll(self, timeout=None):
        return self if timeout is None else [self.one]

    def register(self, *one):
        self.one = one

    def unregister(self, stream):
        pass


class Sockets:
    """Stands for the module `socket`; what it gives counts itself in `open` until it is closed."""

    AF_INET = 2
    SOCK_STREAM = 1
    SOCK_DGRAM = 2
    open = 0

    def getaddrinfo(self, host, port, *_):
        return [(2, 1, 0, "", (host, port))]


class Socket:
    """What all sockets have in common; they do not block, and connect later."""

    where = None

    def setblocking(self, flag):
        assert not flag

    def setsockopt(self, *_):
        pass

    def connect(self, where):
        self.where = where
        raise OSError(115, "in progress")


def request(sent):
    """The request in `sent`, with `method`, `path`, `headers` and `body`, or None as long as it is not whole."""
    head, blank, body = sent.partition(b"\r\n\r\n")
    first, *lines = str(head, "utf-8").split("\r\n")
    headers = dict([line.split(": ", 1) for line in lines])
    length = [int(headers[name]) for name in headers if name.lower() == "content-length"]
    if not blank or len(body) < sum(length):
        return None
    method, path, _ = first.split(" ")
    return Fake(method=method, path=path, headers=headers, body=body)


class Wire(Sockets, Socket):
    """A module and its one kind of socket: what is read are `pieces`, then the end.

    A piece is bytes, None where reading would block once, or an exception to raise. `sent` is what was written, at most
    `most` bytes at a time.
    """

    def __init__(self, *pieces, most=100):
        self.pieces = list(pieces)
        self.asked = False  # over this connection: before that there is nothing to be read
        self.most = most
        self.sent = b""

    def socket(self, *_):
        self.open += 1
        return self

    def connect(self, where):
        self.asked = False
        super().connect(where)

    def write(self, data):
        data = bytes(data[: self.most])
        self.sent += data
        self.asked = True
        return len(data)

    def recv(self, size):
        if not self.asked:
            raise OSError(11, "would block")
        if not self.pieces:
            return b""
        piece = self.pieces.pop(0)
        if piece is None:
            raise OSError(11, "would block")
        if isinstance(piece, Exception):
            raise piece
        if len(piece) > size:
            self.pieces.insert(0, piece[size:])
        return piece[:size]

    def close(self):
        self.open -= 1


class Connection(Socket):
    """One connection of a Net."""

    def __init__(self, net):
        self.net = net
        self.sent = self.rest = b""
        self.open = True
        self.whole = True  # no request, or the answer ends by itself

    def write(self, data):
        assert self.open
        self.sent += bytes(data)
        return len(data)

    def recv(self, size):
        if self.sent:
            it = request(self.sent)
            if not it:
                raise OSError(11, "would block")
            self.sent = b""
            form = b"=" in it.body and it.body[:1] not in b"{["
            it.host, it.json = self.where[0], None if form else json.loads(it.body or b"null")
            self.net.requests.append(it)
            self.rest = self.net.reply(it)
            head, _, body = self.rest.partition(b"\r\n\r\n")
            self.whole = b"\r\nContent-Length: %d" % len(body) in head or body[-4:] == b"\r\n\r\n"  # the end of chunks
        piece, self.rest = self.rest[:size], self.rest[size:]
        if not piece and self.whole:
            raise OSError(11, "would block")
        return piece

    def close(self):
        self.open = False


class Net(Sockets):
    """`answer(request)`, whose request has `host` and `json` too, gives (status, what becomes JSON, headers if any),
    bytes to send as they are, or an exception to raise. `requests`: all there were.
    """

    def __init__(self, answer):
        self.answer = answer
        self.requests = []
        self.lines = []

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

    def hosts(self):
        """Those of the connections that are open."""
        return [line.where[0] for line in self.lines if line.open]
