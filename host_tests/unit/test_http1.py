"""The HTTP client over a fake wire: what it sends, how it reads an answer, and where it stops."""

from clock import Clock
from enroll.http1 import exchange
from enroll.requests import fetch
from helpers import drive, raises
from install import installed
from wire import Wire


def ask(wire, method="GET", url="http://host.example/path", **more):
    """The response over `wire`, which must be closed afterwards, whatever happens."""
    try:
        with installed(wire):
            return drive(fetch(method, url, **more))
    finally:
        assert wire.open <= 0, "the socket is left open"


def answer(text, **more):
    return ask(Wire(text if isinstance(text, bytes) else text.encode()), **more)


def sent(method="GET", url="http://host.example/path", **more):
    """What goes over the wire, as (first line, {header: value}, body)."""
    wire = Wire(b"HTTP/1.1 204 No Content\r\n\r\n", most=7)
    ask(wire, method, url, **more)
    head, _, body = wire.sent.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return first, dict([line.split(": ", 1) for line in lines]), body


def test_the_request_line_and_the_headers_of_a_get():
    first, headers, body = sent()
    assert first == "GET /path HTTP/1.1"
    assert headers == {
        "Host": "host.example",
        "Connection": "close",
        "User-Agent": "enroll",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
    }
    assert body == b""


def test_a_method_that_would_break_out_of_its_line_is_refused():
    for method in ("", "GET /", "GET\r\nX: y", "G\u00cbT "):
        wire = Wire()
        raises("configuration", ask, wire, method)
        assert wire.sent == b""


def test_the_host_header_has_a_port_that_is_not_the_usual_one():
    assert sent(url="http://host.example:8080/")[1]["Host"] == "host.example:8080"
    assert sent(url="http://host.example:80/")[1]["Host"] == "host.example"
    assert sent(url="http://192.0.2.1:443")[1]["Host"] == "192.0.2.1:443"


def test_the_query_is_sent_as_it_stands():
    assert sent(url="http://host.example/a?b=%20c&d=e%2F")[0] == "GET /a?b=%20c&d=e%2F HTTP/1.1"
    assert sent(url="http://host.example?b=c")[0] == "GET /?b=c HTTP/1.1"


def test_bodies_have_their_length():
    for data, body in ((b"12345", b"12345"), ("é", b"\xc3\xa9"), (b"x" * 1000, b"x" * 1000)):
        _, headers, got = sent("POST", data=data)
        assert got == body and headers["Content-Length"] == str(len(body))


def test_a_post_without_a_body_says_so():
    for method in ("POST", "PUT"):
        assert sent(method)[1]["Content-Length"] == "0"


def test_json_becomes_the_body():
    _, headers, body = sent("POST", json={"a": [1, None]})
    assert headers["Content-Type"].startswith("application/json")
    assert body.replace(b" ", b"") == b'{"a":[1,null]}'


def test_auth_becomes_a_basic_header():
    assert sent(auth=("Aladdin", "open sesame"))[1]["Authorization"] == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="


def test_headers_of_the_caller_are_sent_and_left_alone():
    mine = {"X-Mine": "1"}
    assert sent(headers=mine)[1]["X-Mine"] == "1"
    assert mine == {"X-Mine": "1"}


def test_header_injection_is_refused_before_anything_is_sent():
    for headers in ({"X": "a\r\nY: b"}, {"X": "a\nb"}, {"X\r\nY": "b"}, {"X": "a\0b"}, {"X": "\r"}):
        wire = Wire(b"HTTP/1.1 204 No\r\n\r\n")
        raises("configuration", ask, wire, headers=headers)
        assert wire.sent == b""


def test_invalid_urls_are_refused_before_anything_is_sent():
    for url in (
        "ftp://host",
        "http://",
        "http://.",
        "http://../x",
        "http://a b/",
        "http://host/\r\nX: y",
        "https://host.example/",
    ):
        wire = Wire()
        raises("configuration", ask, wire, url=url)
        assert wire.where is None


def test_status_reason_and_headers():
    response = answer("HTTP/1.1 201 Very Created\r\nContent-Length: 2\r\nX-One:  a \r\nx-two:b\r\n\r\nok")
    assert response.status_code == 201
    assert response.reason == "Very Created"
    assert response.headers["X-ONE"] == "a" and response.headers["x-one"] == "a"
    assert response.headers.get("X-Two") == "b"
    assert "x-oNe" in response.headers and "other" not in response.headers
    assert response.headers.get("other") is None and response.headers.get("other", 5) == 5
    raises(KeyError, lambda: response.headers["other"])
    assert response.content == b"ok" and response.text == "ok"


def test_json_of_a_response():
    assert answer('HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n{"a": 1}').json() == {"a": 1}


def test_a_status_line_without_a_reason():
    for line in ("HTTP/1.1 200", "HTTP/1.1 200 ", "HTTP/1.0 200 OK"):
        assert answer(line + "\r\nContent-Length: 0\r\n\r\n").status_code == 200


def test_lines_that_end_in_a_line_feed_alone():
    assert answer("HTTP/1.1 200 OK\nContent-Length: 2\nX: y\n\nok").content == b"ok"


def test_headers_that_come_twice_are_joined():
    assert answer("HTTP/1.1 200 OK\r\nX: a\r\nx: b\r\nContent-Length: 0\r\n\r\n").headers["x"] == "a, b"


def test_content_lengths_that_contradict_each_other_count_for_none():
    assert answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc").content == b"abc"


def test_a_content_length_that_comes_twice_alike_counts_once():
    assert answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nabc").content == b"ab"


def test_an_empty_line_before_the_status_is_skipped():
    assert answer("\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").content == b"ok"
    raises("answer", answer, "\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")


def test_a_body_ends_with_its_length():
    assert answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more").content == b"ok"


def test_a_body_that_ends_early_is_an_error():
    raises(OSError, answer, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok")
    raises(OSError, answer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nok")
    raises(OSError, answer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
    raises(OSError, answer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    raises(OSError, answer, "HTTP/1.1 200 OK\r\nContent-Le")
    assert raises(OSError, answer, "").args[0] == 104  # ECONNRESET


def test_a_body_that_is_too_long_is_an_error_and_its_beginning_is_there():
    wire = Wire(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 8300)
    buffer = bytearray(64)
    with installed(wire):
        it = drive(exchange("GET", "http://host.example/"))
        raises("answer", drive, it.body(buffer))
        it.close()
    assert it.size == 8192 and buffer.count(b"x") == 8192


def test_a_body_without_a_length_ends_with_the_connection():
    assert answer("HTTP/1.1 200 OK\r\n\r\nall of it").content == b"all of it"
    assert answer("HTTP/1.1 200 OK\r\n\r\n").content == b""


def test_chunked_bodies():
    for body in (
        "4\r\nWiki\r\n5\r\npedia\r\n0\r\n\r\n",
        "4;name=value\r\nWiki\r\n5 \r\npedia\r\n0\r\nTrailer: x\r\n\r\n",
        "04\r\nWiki\r\n0005\r\npedia\r\n000\r\n\r\nrest",
        "9\r\nWikipedia\r\n0\r\n\r\n",
    ):
        assert answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n" + body).content == b"Wikipedia", body


def test_chunks_with_hexadecimal_lengths():
    body = "1A\r\n" + "x" * 26 + "\r\n1a\r\n" + "y" * 26 + "\r\n0\r\n\r\n"
    assert answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body).content == b"x" * 26 + b"y" * 26


def test_many_small_chunks_are_no_endless_head():
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert ask(Wire(head, *[b"1\r\nx\r\n"] * 2000, b"0\r\n\r\n")).content == b"x" * 2000


def test_chunked_wins_over_content_length():
    head = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert answer(head + "2\r\nok\r\n0\r\n\r\n").content == b"ok"


def test_invalid_chunks():
    for body in ("x\r\n", "-1\r\nok\r\n", ";a\r\nok", "\r\n\r\n"):
        raises("answer", answer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body)


def test_a_body_in_an_unknown_encoding_ends_with_the_connection():
    for coding in ("gzip", "chunked, gzip"):
        assert (
            answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: %s\r\n\r\nxyz" % coding).content
            == b"xyz"
        )


def test_the_encoding_identity_is_none():
    assert answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: identity\r\n\r\nxyz").content == b"xy"


def test_chunks_of_another_encoding_are_chunks():
    assert answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n").content == b"x"


def test_after_content_lengths_that_are_none_a_body_ends_with_the_connection():
    for length in ("-1", "x", "1.5", "", "1e3", "0x10", "9999999999", "1 2", "1, 2"):
        assert answer("HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\nok" % length).content == b"ok", length


def test_interim_answers_are_skipped():
    interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\nX: early\r\n\r\n"
    response = answer(interim + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert response.status_code == 200 and response.content == b"ok"


def test_an_interim_answers_headers_are_not_the_answers():
    interim = "HTTP/1.1 103 Early Hints\r\nX: early\r\nRetry-After: 5\r\n\r\n"
    response = answer(interim + "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert response.content == b"ok" and sorted(response.headers) == ["content-length"]


def test_a_long_request_goes_on_after_an_interim_answer():
    wire = Wire(b"HTTP/1.1 103 Early Hints\r\nLink: y\r\n\r\n", *[None] * 99 + [b"HTTP/1.1 204 No\r\n\r\n"])
    assert ask(wire, "POST", data=b"x" * 5000).status_code == 204 and wire.sent[-5000:] == b"x" * 5000


def test_answers_without_a_body():
    for status in (204, 304):
        response = answer("HTTP/1.1 %d None\r\nContent-Length: 5\r\n\r\nhello" % status)
        assert response.content == b""
    assert answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", method="HEAD").content == b""


def test_a_redirect_is_an_answer():
    wire = Wire(b"HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\n\r\n")
    response = ask(wire, headers={"Authorization": "x"})
    assert response.status_code == 302
    assert wire.where[0] == "host.example" and wire.sent.count(b"HTTP/1.1") == 1


def test_invalid_status_lines():
    for line in ("HTTP/2 200 OK", "HTTP/1.1", "HTTP/1.1 ok", "HTTP/1.1 2000", "HTTP/1.1  200", "SSH-2.0-x", "", "<p>"):
        raises("answer", answer, line + "\r\n\r\n")


def test_an_endless_head_is_cut():
    raises("answer", answer, b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20000 + b"\r\n")
    raises("answer", answer, b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 12000)
    raises("answer", answer, b"HTTP/1.1 200 OK\r\n" + b"".join([b"X%d: yyyyyyy\r\n" % n for n in range(2000)]))
    raises("answer", answer, b"HTTP/1.1 100 Continue\r\n\r\n" * 5000)
    raises("answer", answer, b"y" * 70000)


def test_endless_trailers_are_cut():
    raises("answer", answer, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: y\r\n" * 12000)


def test_an_endless_body_is_cut():
    for head in ("", "Content-Length: 100000\r\n"):
        raises("answer", answer, ("HTTP/1.1 200 OK\r\n" + head + "\r\n").encode() + b"z" * 100000, limit=1000)


def test_a_body_of_just_the_limit():
    assert answer(b"HTTP/1.1 200 OK\r\n\r\n" + b"z" * 1000, limit=1000).content == b"z" * 1000
    raises("answer", answer, b"HTTP/1.1 200 OK\r\n\r\n" + b"z" * 1001, limit=1000)


def test_an_answer_that_comes_byte_by_byte_and_blocks_between():
    pieces = []
    for byte in b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n":
        pieces += [bytes([byte]), None]
    assert ask(Wire(*pieces)).content == b"ok"


def test_what_ended_the_request_is_raised_where_no_answer_comes():
    class Broken(Wire):
        def write(self, data):
            self.asked = True
            raise OSError(32, "broken pipe")

    assert raises(OSError, ask, Broken()).errno == 32


def test_errors_of_the_connection_pass_through():
    error = raises(OSError, ask, Wire(b"HTTP/1.1 200 OK\r\n", OSError(104, "reset")))
    assert error.errno == 104


def test_headers_that_are_no_text_do_no_harm():
    response = answer(b"HTTP/1.1 200 OK\r\nX: \xff\xfe\r\nno colon\r\n: y\r\nContent-Length: 2\r\n\r\nok")
    assert response.content == b"ok"


def test_a_deadline_ends_what_never_comes():
    clock = Clock()

    class Silent(Wire):
        def recv(self, size):
            clock.sleep(0.01)
            raise OSError(11, "would block")

    wire = Silent()
    with installed(clock=clock):
        raises(OSError, ask, wire, timeout=1)
    assert wire.sent and 1000 <= clock.now < 1100
