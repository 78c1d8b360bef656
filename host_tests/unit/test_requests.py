"""Connections kept from request to request (RFC 9112, 9.3), and recognised as dead once the other side forgot them."""

from clock import Clock
from enroll import requests
from helpers import drive, patched, raises
from install import installed
from wire import Net

KEPT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Client:
    """Sends requests that `answer(request)` answers (see Net) on its own clock; `lines`: all connections."""

    def __init__(self, answer):
        self.net = Net(answer)
        self.lines = self.net.lines
        self.idle = []
        self.clock = Clock()
        self.deaf = 0  # on how many connections, from the first on, nobody answers

    def ready(self, stream, flags):
        if flags == 1 and stream in self.lines[: self.deaf]:
            self.clock.sleep(0.25)
            return 0
        return flags

    def ask(self, method="GET", path="/x", **more):
        with installed(self.net, self.clock):
            return drive(requests.fetch(method, "http://host" + path, idle=self.idle, **more), self.ready)


def failing(errors):
    """A function that raises each of `errors`, the last one first."""

    def call(*arguments):
        raise errors.pop()

    return call


def kept(*head, version="1.1", wait=0):
    """Whether a second request goes over the connection of the first, whose answer has the lines `head`."""
    lines = "".join([line + "\r\n" for line in head])
    text = "HTTP/%s 200 OK\r\n%sContent-Length: 2\r\n\r\nok" % (version, lines)
    client = Client(lambda request: text.encode())
    assert client.ask().content == b"ok"
    client.clock.now += wait * 1000
    assert client.ask().content == b"ok"
    assert len([line for line in client.lines if line.open]) == len(client.idle), "a socket is left open"
    return len(client.lines) == 1


def test_version_1_1_is_kept_unless_it_says_close():
    assert kept() and kept("Connection: Keep-Alive") and kept("Connection: TE") and kept("Connection: closed")
    for value in ("close", "Close", "close, TE", "TE,CLOSE", "keep-alive, close"):
        assert not kept("Connection: " + value), value
    assert not kept("Connection: TE", "Connection: close")


def test_version_1_0_is_not_kept_unless_it_says_keep_alive():
    assert not kept(version="1.0") and not kept("Connection: TE", version="1.0")
    assert kept("Connection: keep-alive", version="1.0") and kept("Connection: TE, Keep-Alive", version="1.0")
    assert not kept("Connection: keep-alive, close", version="1.0")


def test_silence_of_30_seconds_is_too_long():
    assert kept(wait=29) and not kept(wait=30) and not kept(wait=1000000)


def test_a_server_that_keeps_it_for_less_says_so():
    for value in ("timeout=5", "timeout=5, max=100", "max=7,Timeout = 5"):
        assert kept("Keep-Alive: " + value, wait=4) and not kept("Keep-Alive: " + value, wait=5), value
    assert not kept("Keep-Alive: timeout=0") and not kept("Keep-Alive: timeout=60", wait=30)
    assert kept("Keep-Alive: timeout=x") and kept("Keep-Alive: 5")


def test_an_answer_in_chunks_is_read_to_its_last_line_before_the_connection_is_used_again():
    for end in (b"0\r\n\r\n", b"0\r\nTrailer: x\r\n\r\n"):
        client = Client(
            lambda request, end=end: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n" + end
        )
        assert client.ask().content == client.ask().content == b"ok" and len(client.lines) == 1


def test_a_clock_that_was_set_back_tells_nothing():
    assert not kept(wait=-5)


def test_a_body_without_an_end_of_its_own_is_not_kept():
    for head in ("", "Transfer-Encoding: notchunked\r\n", "Content-Length: x\r\n"):
        client = Client(lambda request, head=head: ("HTTP/1.1 200 OK\r\n%s\r\nok" % head).encode())
        assert client.ask().content == b"ok" and not client.idle, head


def test_a_request_that_says_close_is_not_kept():
    client = Client(lambda request: KEPT)
    client.ask(headers={"connection": "close"})
    assert not client.idle and "keep-alive" not in repr(client.net.requests[0].headers)


def test_what_has_come_unasked_ends_it():
    """The end of the connection too: nothing is sent over it, whatever the method."""
    for rest, open in ((b"HTTP/1.1 408 Late\r\n\r\n", True), (b"", False)):
        client = Client(lambda request: KEPT)
        client.ask("POST")
        client.lines[0].rest, client.lines[0].whole = rest, open
        assert client.ask("POST").content == b"ok" and len(client.lines) == 2
        assert len(client.net.requests) == 2 and not client.lines[0].open


def test_bytes_behind_an_answer_end_the_connection():
    client = Client(lambda request: KEPT + b"x")
    assert client.ask().content == b"ok" and not client.idle and not client.lines[0].open


def forgotten(method, timeout=20, **more):
    """The seconds that a request takes over a forgotten connection, and how often it was sent."""
    client = Client(lambda request: KEPT)
    client.ask()
    client.deaf = 1
    client.lines[0].write = len  # it takes everything
    try:
        assert client.ask(method, timeout=timeout, **more).content == b"ok"
        assert len(client.lines) == 2
    finally:
        seen.append((client.clock.now // 1000, len(client.lines) - 1))
        assert not client.lines[0].open
    return client.clock.now // 1000


seen = []


def test_a_connection_that_was_forgotten_costs_a_part_of_the_time():
    for method in ("GET", "PUT", "DELETE"):
        assert forgotten(method) == 5, method
    assert forgotten("POST", repeat=True) == 5 and forgotten("GET", timeout=4) == 1


def test_two_connections_that_are_silent_share_the_time():
    client = Client(lambda request: KEPT)
    client.ask()
    client.deaf = 2
    with patched(type(client.lines[0]), write=lambda line, data: len(data)):
        raises(OSError, client.ask, "GET", timeout=20)
    assert len(client.lines) == 2 and 20 <= client.clock.now // 1000 <= 21


def test_what_was_not_sent_may_be_sent_over_another_connection():
    client = Client(lambda request: KEPT)
    client.ask("POST")
    errors = [OSError(104, "reset"), OSError(104, "reset"), OSError(11, "nothing has come yet")]
    client.lines[0].recv = client.lines[0].write = failing(errors)
    assert client.ask("POST").content == b"ok" and len(client.lines) == 2 and len(client.net.requests) == 2


def test_what_must_not_be_sent_twice_is_not():
    for method in ("POST", "PATCH"):
        raises(OSError, forgotten, method)
        assert seen[-1] == (10, 0), method


def test_a_close_that_crosses_the_request():
    """It may have been acted on."""
    for method, more, sent in (("GET", {}, 3), ("POST", {"repeat": True}, 3), ("POST", {}, 2)):
        answers = [KEPT, b"", KEPT]
        client = Client(lambda request, answers=answers: answers.pop(0))
        client.ask()
        if sent == 2:
            raises(OSError, client.ask, method, **more)
        else:
            assert client.ask(method, **more).content == b"ok"
        assert len(client.net.requests) == sent


def test_a_response_closes_its_connection_once():
    """A second time might close another socket, which has its number by now."""
    for stream in (False, True):
        client = Client(lambda request: b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
        response = client.ask(stream=stream)
        if stream:
            response.close()
        assert not client.lines[0].open
        client.lines[0].open = True
        response.close()
        response.close()
        assert client.lines[0].open, stream


def test_an_answer_that_has_begun_is_not_asked_for_again():
    answers = [KEPT, b"HTTP/1.1 200 OK\r\nContent-Le"]
    client = Client(lambda request: answers.pop(0))
    client.ask()
    raises(OSError, client.ask)


def test_paths_are_refused_alike_on_a_new_and_on_a_kept_connection():
    sentences = []
    for path in ("/a#b", "/a b", "/\u00e9", "/?q=\u00e9", "/a\r\nX: y"):
        client = Client(lambda request: KEPT)
        sentences.append(str(raises("configuration", client.ask, "GET", path)))
        client.ask()
        sentences.append(str(raises("configuration", client.ask, "GET", path)))
        assert client.idle, "it is as good as it was"
    assert len(set(sentences)) == 1 and "percent-encode" in sentences[0]


def test_paths_that_are_sent_as_they_are():
    for path in ("/a@b", "/?mail=a@b", "/a[0]", "/?a[]=b", "/a:b;c='d'!*(~)", "/%23"):
        client = Client(lambda request: KEPT)
        client.ask("GET", path)
        client.ask("GET", path)
        assert client.net.asked() == [("GET", path)] * 2


def test_headers_of_the_caller_win_and_none_is_sent_twice():
    mine = {"HOST": "other", "user-agent": "me", "ACCEPT": "*/*", "content-type": "text/x", "Accept-encoding": "br"}
    mine["AUTHORIZATION"] = "mine"
    client = Client(lambda request: KEPT)
    for _ in range(2):
        client.ask("POST", json={}, auth=("a", "b"), headers=mine)
        found = client.net.requests[-1].headers
        assert len({name.lower() for name in found}) == len(found)
        assert [name for name in mine if found.get(name) != mine[name]] == [], found
