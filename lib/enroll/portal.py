"""A Wi-Fi network of the device's own, with a page on which a person gives it another network.

One of the ways of onboarding.py. `portal` in enroll.json asks for it: {"ssid", "password"}. A phone that joins is led
to the page: every name has the device's address, and a request to any other host is redirected. The network is there
for ten minutes, or until five networks could not be joined, and a minute more for a person to see that; then not before
the next start.
"""

from binascii import hexlify, unhexlify
from os import urandom
from time import ticks_add, ticks_diff, ticks_ms

from .tasks import ignore

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from collections.abc import Callable
    from typing import Any

_OPEN = const(600000)  # ms
_SEEN = const(60000)  # ms more for a person to see what became of a network: their phone may never come back
_TRIES = const(5)
_LINGER = const(20)  # polls
_PATIENCE = const(8000)  # ms for a request and its answer
_SILENT = const(1000)  # ms for its first byte: browsers open connections in advance, and only one is served at a time
_REQUEST = const(2048)  # bytes of a request
_PIECE = const(256)  # bytes that are received at a time
_BLOCKED = const((11, 35))  # EAGAIN on Linux and lwIP, on macOS
_JOINING = const(3)  # as in onboarding.py
_JOINED = const(4)

_MOVED = const("HTTP/1.0 302 Found\r\nLocation: http://%s/\r\n\r\n")
_PAGE = const(
    "HTTP/1.0 200 OK\r\nContent-Type: text/html;charset=utf-8\r\nCache-Control: no-store\r\n\r\n"
    "<!doctype html><html lang=en><meta name=viewport content=width=device-width><style>"
    ":root{color-scheme:light dark;font:1.1em/1.5 sans-serif}"
    "body{max-width:26em;margin:auto;padding:1em}"
    "input,select,button{font:inherit;width:100%%;box-sizing:border-box;padding:.5em;margin-bottom:1em}"
    "</style><title>%s</title><main><h1>Wi-Fi for %s</h1><p role=status>%s</p>"
)
_AGAIN = const('<meta http-equiv=refresh content="3;url=/">')
_FORM = const(
    "<form method=post action=/><input type=hidden name=k value=%s>"
    '<label>Network<select name=s><option value="">Choose, or look again'
)
_OPTION = const('<option value="%s">%s')
_REST = const(
    "</select></label><label>Or its name, if it is hidden<input name=o autocapitalize=none></label>"
    "<label>Password<input name=p type=password></label><button>Join</button>"
)
_OVER = const("<p>Restart the device")


def _escape(text: str) -> str:
    """`text` as it may stand in HTML and in its attributes."""
    for mark in '&<"':
        text = text.replace(mark, "&#%d;" % ord(mark))
    return text


def _field(form: bytes, name: bytes) -> str:
    """A field of a form. Raises ValueError."""
    value = form.partition(name + b"=")[2].partition(b"&")[0].replace(b"+", b" ")
    first, *parts = value.split(b"%")
    for part in parts:
        first += unhexlify(part[:2]) + part[2:]
    return str(first, "utf-8")


def _wait(call: "Callable", argument: "Any", end: "Any"):
    """Generator: what `call` returns once it does not block. Raises OSError, at the latest at `end`."""
    while True:
        try:
            return call(argument)
        except OSError as error:
            if error.errno not in _BLOCKED or ticks_diff(end, ticks_ms()) < 0:
                raise
        yield


class Portal:
    """The network `ssid` with its `password`, and the page, for the Onboarding `it`. The first `poll` opens them.

    `busy`: whether a person has given a network, and has not seen yet what became of it.
    """

    busy = False
    failed = joined = ignore  # the page shows what the Onboarding knows

    def __init__(self, it: "Any", ssid: str, password: str) -> None:
        self._it = it
        self._tries = _TRIES
        self._key = hexlify(urandom(8)).decode()  # in each form: a page of another origin cannot know it
        self._found: list = []  # by the latest scan
        self._run = self._open(ssid, password)

    def close(self) -> None:
        self._run.close()

    def poll(self) -> None:
        try:
            next(self._run)
        except StopIteration:
            pass
        except Exception as error:  # a broken driver
            self._it.owner.log(str(error))

    def _open(self, ssid: str, password: str):
        """Generator: the network, until its time is over."""
        it = self._it
        owner = it.owner
        end = getattr(owner, "portal", ticks_add(ticks_ms(), _OPEN))
        if not end:  # it was over before
            return
        point = it.port.access_point(ssid, password)
        visits = self._serve(point, _escape(ssid))
        try:
            owner.log("network: join `%s`, then open http://%s/" % (ssid, point.host))
            seen = end
            while (
                it.state == _JOINING
                or (self.busy and ticks_diff(seen, ticks_ms()) > 0)
                or (self._tries and ticks_diff(end, ticks_ms()) > 0)
            ):
                if it.state == _JOINING or not self.busy:
                    seen = ticks_add(ticks_ms(), _SEEN)
                owner.portal = end
                point.answer()
                next(visits)
                yield
            owner.portal = 0
            for _ in range(_LINGER):
                yield  # the last page is on its way
        finally:
            visits.close()
            point.close()

    def _serve(self, point: "Any", name: str):
        """Generator: answer requests, one at a time. Yields where it would block."""
        while True:
            yield
            client = point.accept()
            if client:
                try:
                    yield from self._visit(client, point.host, name)
                except Exception:  # of the connection; or it was no request of our page
                    pass
                finally:
                    client.close()

    def _visit(self, client: "Any", host: str, name: str):
        """Generator: read a request and answer it."""
        start = ticks_ms()
        end = ticks_add(start, _SILENT)
        request = reply = b""
        while not reply:
            piece = yield from _wait(client.recv, _PIECE, end)
            request += piece
            if not piece or len(request) > _REQUEST:
                return
            end = ticks_add(start, _PATIENCE)
            reply = self._reply(request, host, name).encode()
        end = ticks_add(ticks_ms(), _PATIENCE)
        while reply:
            size = yield from _wait(client.send, reply, end)
            reply = reply[size:]

    def _reply(self, request: bytes, host: str, name: str) -> str:
        """The answer to `request`, "" if that is not whole yet. Raises ValueError."""
        head, end, body = request.partition(b"\r\n\r\n")
        head = head.lower() + b"\r\n"
        if not end or len(body) < int(head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0] or 0):
            return ""
        if b"\r\nhost: %s\r\n" % host.encode() in head:
            if head[:4] == b"get ":
                return self._page(name)
            if _field(body, b"k") == self._key:
                self._take(_field(body, b"o").strip() or _field(body, b"s"), _field(body, b"p"))
        return _MOVED % host

    def _page(self, name: str) -> str:
        it = self._it
        found = _PAGE % (name, name, _escape(("The network works: " if it.state == _JOINED else "") + it.said[1]))
        if it.state == _JOINING:
            return found + _AGAIN
        self.busy = False
        if self._tries:
            try:
                self._found = self._found or it.port.scan()
            except Exception:  # a name can still be typed
                pass
            found += _FORM % self._key
            for network in self._found:
                ssid = _escape(network[0])
                found += _OPTION % (ssid, ssid)
            found += _REST
        else:
            found += _OVER
        return found

    def _take(self, ssid: str, password: str) -> None:
        it = self._it
        if it.state != _JOINING and self._tries:
            self._found = []
            it.said = "", "Choose a network; a password has 8 to 63 characters"
            if 0 < len(ssid.encode()) < 33 and (not password or 7 < len(password.encode()) < 65):
                self._tries -= 1
                self.busy = True
                it.said = "", "Joining " + ssid
                it.state = _JOINING
                it.wanted = (ssid, password)
