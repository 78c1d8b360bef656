"""What a hostile server does, and the expected outcome: data, deduced from the kinds of lib/enroll/errors.py.

`network` is a connection that is not made, cut, or too slow; `answer` is what was received but not understood;
what the service says by a status is `server` (later), `refused` (an administrator can change it) or `configuration`.
A whole answer registers the device, whatever the framing around it: a token that is shown once must not be lost.
Centagate gives no token: where it has said that the code is 0, it is done, whatever comes or does not come after it.
"""

import gzip
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from answers import success

from torture.hostile import PATIENCE, Endless, Hello, Move, Moves, Raw

TOKEN = "canary-0123456789"  # the credential that the server gives; nothing may print it
SECTIONS: dict[str, dict[str, str]] = {
    "etherfax": {"serial": "MT873615726"},
    "ickstream": {"hardware_id": "hw-1", "application_id": "app-1", "registration_token": "canary-once"},
    "xyte": {"hardware_key": "canary-key", "sn": "sn-1", "mac": "00:11:22:33:44:55", "firmware_version": "1.0"},
    "centagate": {
        "admin_username": "admin",
        "username": "user-1",
        "token_sn": "60123456789",
        "token_type": "1",
        "auth_token": "canary-auth",
        "secret_code": "canary-code",
    },
}
HEAD = b"HTTP/1.1 200 OK\r\n"
FLOOD = 2  # seconds


@dataclass(frozen=True)
class Script:
    """What the server does, and the kinds of outcome that are right for it ("registered", or an error's).

    `slow`: only the deadline ends it. `wait`: seconds until the next attempt, at least and at most, where that is not
    what the kind alone says. `uncut`: seconds that mbedTLS works without coming back, which no deadline can cut.
    `whole`: HTTP is whole and only registration wants another answer, so a session gives its caller a Response.
    `held`: after the first time a session does not register again, but gives its caller the 401 of one connection.
    `method`: of the `requests` that a session makes one after another, over so many `connections`.
    """

    name: str
    expected: str
    moves: Moves
    slow: bool = False
    wait: tuple[float, float] | None = None
    uncut: float = 0
    whole: bool = False
    held: bool = False
    method: str = "POST"
    requests: int = 1
    connections: int = 1

    @property
    def kinds(self) -> list[str]:
        return self.expected.split(" or ")


def answer(provider: str, token: object = TOKEN, **extra: object) -> dict[str, object]:
    """What registers a device, with a `token`; Centagate's stands for a name."""
    more = {"boundUser": token} if provider == "centagate" else {}
    return success(provider, token, hub="https://127.0.0.1:9", **more, **extra)


def http(body: bytes, *headers: str, status: str = "200 OK", length: object = None) -> bytes:
    """An answer; `length`: its Content-Length if that is not the true one."""
    size = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {size}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def chunked(*chunks: bytes) -> bytes:
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(chunks)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def packed(data: object) -> bytes:
    return json.dumps(data).encode()


def cut_short(provider: str, good: bytes) -> Iterable[Script]:
    """The connection ends, or falls silent, at every stage."""
    stages: dict[str, Moves] = {
        "at connect": [],
        "after the request": [Move.REQUEST],
        "in the status line": [b"HTTP/1.1 2"],
        "in a header": [HEAD + b"Content-Le"],
        "after the headers": [http(b"", length=90)],
        "in the body": [http(good[: len(good) // 2], length=len(good))],
        "in a chunk": [chunked(b"%x\r\n" % len(good), good[: len(good) // 2])],
        "in the size of a chunk": [chunked(b"5")],
    }
    for stage, moves in stages.items():
        expected = "network or registered" if provider == "centagate" and "in" in stage else "network"
        yield Script(f"silence {stage}", expected, moves, slow=True)
        yield Script(f"reset {stage}", expected, [*moves, Move.RESET])
        yield Script(f"cut {stage}", expected, [*moves, Move.CUT])
    yield Script("connection refused", "network", [Move.REFUSE])
    yield Script("full backlog", "network", [Move.STALL], slow=True)


def slowly(provider: str, pause: float) -> Iterable[Script]:
    """Bytes that each arrive in time, but never all of them."""
    good = packed(answer(provider))
    done = provider == "centagate" and pause < 0.1  # the code of 0 has come before the deadline
    for part, before in {"status line": b"", "headers": HEAD, "body": http(b"", length=len(good))}.items():
        whole = http(good)
        rest = good if part == "body" else whole[len(before) :]
        drops: Moves = [Endless(rest[at : at + 1], pause, 1) for at in range(len(rest))]
        expected = "registered" if done and part == "body" else "network"
        yield Script(f"one byte at a time from the {part} on", expected, [before or Move.REQUEST, *drops], slow=True)


def in_handshake(provider: str) -> Iterable[Script]:
    """Only where there is TLS."""
    alert = b"\x15\x03\x03\x00\x02"
    for size in (1, 5, 60, 200, 600):
        yield Script(f"silence after {size} bytes of the handshake", "network", [Hello(size)], slow=True)
        yield Script(f"reset after {size} bytes of the handshake", "network", [Hello(size), Move.RESET])
        yield Script(f"cut after {size} bytes of the handshake", "network", [Hello(size), Move.CUT])
    yield Script("SSH instead of a handshake", "network", [Raw(b"SSH-2.0-OpenSSH_9.2\r\n")])
    yield Script("HTTP instead of a handshake", "network", [Raw(http(b"{}", status="400 Bad Request"))])
    yield Script("a fatal alert instead of a handshake", "network", [Raw(alert + b"\x02\x28")])
    yield Script("zeros instead of a handshake", "network", [Raw(bytes(100), PATIENCE)])
    # mbedTLS says of it what it says of a certificate of more than 16 KB; before the hello it would be no TLS at all
    record = Raw(b"\x16\x03\x03\xff\xff" + bytes(65535))
    yield Script("a record of 64 KB instead of a handshake", "certificate", [Hello(0), record])
    yield Script("silence after the handshake", "network", [Move.HANDSHAKE], slow=True)
    yield Script("reset after the handshake", "network", [Move.HANDSHAKE, Move.RESET])
    yield Script("cut after the handshake", "network", [Move.HANDSHAKE, Move.CUT])
    yield Script("goodbye after the handshake", "network", [Move.HANDSHAKE, Move.CLOSE])
    yield Script("goodbye after the request", "network", [Move.REQUEST, Move.CLOSE])
    forged = b"\x17\x03\x03\x00\x20" + bytes(32)
    yield Script("a forged record after the request", "network", [Move.REQUEST, Raw(forged)])
    yield Script("a forged record in the body", "network", [http(b"{", length=90), Raw(forged)])
    yield Script("plain HTTP under TLS", "network", [Move.REQUEST, Raw(http(b"{}"))])
    # where the end of the connection ends the body, MicroPython's TLS does not say who has ended it
    yield Script("a body that a forger has cut", "network or answer", [HEAD + b"\r\n{", Move.CUT])

    if provider == "etherfax":  # mbedTLS reads on inside a single call for as long as records come that mean nothing
        for name, record in {"warnings": alert + b"\x01\x5a", "cipher changes": b"\x14\x03\x03\x00\x01\x01"}.items():
            flood = Raw(record * 100, FLOOD)
            yield Script(f"{FLOOD} s of {name} in the handshake", "network", [flood], True, uncut=FLOOD + 3)


def heads(good: bytes) -> Iterable[Script]:
    """Status lines and headers."""
    for name, start in {
        "SSH": b"SSH-2.0-OpenSSH_9.2\r\n",
        "SMTP": b"220 mail ESMTP\r\n\r\n",
        "HTTP/2": b"HTTP/2.0 200 OK\r\n\r\n",
        "lower case": b"http/1.1 200 OK\r\n\r\n",
        "a status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
        "a status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
        "a status of letters": b"HTTP/1.1 two OK\r\n\r\n",
        "NUL in the status line": b"HTTP/1.1 200\0OK\r\n\r\n",
        "NUL before the status line": b"\0" + http(good),
        "two blank lines before the status line": b"\r\n\r\n" + http(good),
        "a byte order mark before the status line": b"\xef\xbb\xbf" + http(good),
        "a body at once": good + b"\n",
    }.items():
        yield Script(f"no HTTP: {name}", "answer", [start])
    yield Script("nothing that ends", "answer", [Endless(b"\0" * 1000)])
    yield Script("a status line without end", "answer", [b"HTTP/1.1 200 ", Endless(b"x" * 1000)])
    yield Script("headers without end", "answer", [HEAD, Endless(b"X: y\r\n" * 100)])
    # in a full heap every little piece counts: what comes without a pause must not keep the watchdog waiting
    yield Script("headers without end, each in a packet", "answer or network", [HEAD, Endless(b"a\n")])
    yield Script("one header in pieces without end", "answer", [HEAD, Endless(b"Date: x\r\nDate: y\r\n" * 100)])
    yield Script("a header of 1 MB", "answer", [HEAD + b"X: ", Endless(b"y" * 1000, times=1000), b"\r\n\r\n"])
    yield Script("100 Continue without end", "answer", [Endless(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)])
    yield Script("100 Continue once", "registered", [b"HTTP/1.1 100 Continue\r\n\r\n" + http(good)])
    yield Script("103 Early Hints", "registered", [b"HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n" + http(good)])
    yield Script("a blank line before the status line", "registered or answer", [b"\r\n" + http(good)])
    yield Script("no reason after the status", "registered", [http(good, status="200 ")])
    yield Script(
        "bare line feeds", "registered", [http(b"").replace(b"\r", b"").replace(b"0\n", b"%d\n" % len(good)) + good]
    )
    for size in (16, 60):
        filler = [f"X-Filler-{number}: {'y' * 1000}" for number in range(size)]
        yield Script(f"a head of {size} KB", "registered", [http(good, *filler)])
    yield Script("a header of 60 KB", "registered", [http(good, "X: " + "y" * 60000)])
    yield Script("NUL in a header", "registered or answer", [http(good, "X: a\0b")])
    yield Script("a header without a colon", "registered or answer", [http(good, "nothing")])
    yield Script("a header that is not UTF-8", "registered", [http(good, "X: \xe9\xff")])
    yield Script("a folded header", "registered or answer", [http(good, "X: a", " b")])


def lengths(provider: str, good: bytes) -> Iterable[Script]:
    """Content-Length and chunks."""
    half = " or registered" if provider == "centagate" else ""
    for wrong in ("-1", "x", "", "0x10", "1e3", "9" * 30, "5,6", "\u00b2"):
        yield Script(f"Content-Length {wrong[:9]!r}", "registered", [http(good, length=wrong), Move.CUT])
    yield Script("Content-Length 'x', then silence", "registered", [http(good, length="x")], slow=True)
    size = len(good)
    yield Script("Content-Length too small", "answer" + half, [http(good, length=size // 2)])
    yield Script("Content-Length 0", "answer", [http(good, length=0)])
    yield Script("Content-Length too large", "registered", [http(good, length=size + 9), Move.CUT])
    yield Script("Content-Length too large, then silence", "registered", [http(good, length=size + 9)], slow=True)
    yield Script("Content-Length twice", "registered", [http(good, f"Content-Length: {size}")])
    differs = http(good, f"Content-Length: {size - 9}")
    yield Script("Content-Length twice, not the same", "registered", [differs, Move.CUT])
    whole = chunk(good[:9]) + chunk(good[9:])
    for name, broken in {
        "a size that is not a number": b"xyz\r\n" + good,
        "a negative size": b"-5\r\n" + good,
        "no size": b"\r\n\r\n" + good,
        "a size without end": b"0" * 20000,
        "nothing in it": b"0\r\n\r\n",
    }.items():
        yield Script(f"chunks: {name}", "answer", [chunked(broken)])
    yield Script("chunks: no line break after the data", "registered or answer", [
        chunked(b"9\r\n" + good[:9] + chunk(good[9:]), b"0\r\n\r\n")
    ])  # fmt: skip
    yield Script("chunks: a size line of 60 digits", "answer or network", [chunked(b"0" * 60, chunk(good)), Move.CUT])
    begun = good[: size // 2]
    yield Script("chunks: half of it, then a bad size", "answer" + half, [chunked(chunk(begun), b"zz\r\n")])
    for bits in (31, 32, 62, 64, 80):
        framed = chunked(b"%x\r\n" % (2**bits - 1), begun)
        yield Script(f"chunks: a size of {bits} bits", "network or answer" + half, [framed, Move.CUT])
    yield Script("chunks: the last is missing", "registered", [chunked(whole), Move.CUT])
    yield Script("chunks: the last never comes", "registered", [chunked(whole)], slow=True)
    yield Script("chunks: trailers without end", "registered", [chunked(whole, b"0\r\n"), Endless(b"X: y\r\n" * 100)])
    yield Script(
        "chunks with extensions", "registered", [chunked(whole.replace(b"\r\n", b";a=b\r\n", 1), b"0\r\n\r\n")]
    )
    yield Script("chunks and Content-Length", "registered or answer", [
        http(whole + b"0\r\n\r\n", "Transfer-Encoding: chunked")
    ])  # fmt: skip
    extension = b";" + b"x" * 8100
    # each is within the bound of a head, and there is no time for as many as the bound of a body allows
    flood: Moves = [chunked(), Endless(b"1" + extension + b"\r\nx\r\n")]
    yield Script("chunks of a byte with extensions of 8 KB", "network", flood, slow=True)
    yield Script("chunks of a byte without end", "answer", [chunked(), Endless(b"1\r\nx\r\n" * 100)])
    yield Script("a body without end", "answer", [HEAD + b"\r\n", Endless(b"x" * 1000)])
    yield Script("a body without end in chunks", "answer", [chunked(), Endless(chunk(b"x" * 1000))])
    yield Script("a body of 999 MB", "answer", [http(b"", length=999_999_999), Endless(b"x" * 1000)])
    for coding in ("identity", "gzip", "deflate, identity", "x"):
        yield Script(
            f"Transfer-Encoding: {coding}", "registered", [http(good, f"Transfer-Encoding: {coding}"), Move.CUT]
        )
    notchunked = chunked(whole, b"0\r\n\r\n").replace(b": chunked", b": xchunked")
    yield Script("Transfer-Encoding: xchunked", "registered or answer or network", [notchunked, Move.CUT])
    for coding in ("gzip, chunked", "chunked, chunked"):
        yield Script(
            f"Transfer-Encoding: {coding}", "answer or network", [http(good, f"Transfer-Encoding: {coding}"), Move.CUT]
        )


def early(good: bytes) -> Iterable[Script]:
    """Answers that come before the request has been read, and connections that end at once behind them."""
    yield Script("an answer to the first byte", "registered", [Move.BEGUN, http(good)])
    yield Script("an answer to the first byte, then cut", "registered", [Move.BEGUN, http(good), Move.CUT])
    yield Script("an answer to the first byte, then reset", "registered", [Move.BEGUN, http(good), Move.RESET])
    yield Script("an answer, then reset", "registered", [http(good), Move.RESET])
    yield Script("408 to the first byte, then reset", "server", [Move.BEGUN, http(b"", status="408 x"), Move.RESET])


def compressed(provider: str, good: bytes) -> Iterable[Script]:
    """Though `identity` was asked for."""
    half = " or registered" if provider == "centagate" else ""
    for coding, squeeze in (("gzip", gzip.compress), ("deflate", zlib.compress)):
        squeezed = squeeze(good)
        said = f"Content-Encoding: {coding}"
        yield Script(f"{coding} unasked", "registered", [http(squeezed, said)])
        yield Script(f"{coding} unasked and unsaid", "registered", [http(squeezed)])
        yield Script(
            f"{coding} in chunks",
            "registered",
            [chunked(*(chunk(squeezed[at : at + 9]) for at in range(0, len(squeezed), 9)), b"0\r\n\r\n")],
        )
        for name, spoiled in {
            "cut": squeezed[: len(squeezed) // 2],
            "damaged": squeezed[:-12] + bytes(12),
            "of nothing": squeeze(b""),
        }.items():
            yield Script(
                f"{coding} {name}",
                "answer or network or registered" if half else "answer or network",
                [http(spoiled, said)],
            )


def misframed(provider: str, secure: bool, pause: float) -> list[Script]:
    """Everything that can be wrong with an answer's framing. `pause`: seconds between slow bytes."""
    good = packed(answer(provider))
    return [
        *cut_short(provider, good),
        *slowly(provider, pause),
        *(in_handshake(provider) if secure else ()),
        *heads(good),
        *lengths(provider, good),
        *early(good),
        *compressed(provider, good),
    ]
