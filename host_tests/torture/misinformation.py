"""What a hostile service says in well-formed HTTP, and the expected outcome: data, as in misbehaviour.py."""

import email.utils
import time
from collections.abc import Iterable

from torture.hostile import Endless
from torture.misbehaviour import SECTIONS, Script, answer, http, misframed, packed

DAY = 86400
FIRST, CAP = 5, 900  # seconds between attempts, enroll.json's own


def bodies(provider: str, good: bytes) -> Iterable[Script]:
    """Bodies that do not answer a registration, and answers whose token is invalid."""
    for body in (b"", b"null", b"5", b"[]", b"{}", b'"text"', b'{"a": 1}', b"{", b"\0", b"[" + good):
        yield Script(f"the body {body[:9]!r}, {len(body)} bytes", "answer", [http(body)])
    # values that came whole before the cut are taken: Centagate's code is all that counts
    cut = "registered" if provider == "centagate" else "answer"
    yield Script("the body without its last 9 bytes", cut, [http(good[:-9])])
    page = b"<!DOCTYPE html><html><title>Log in</title><form action=/login><input name=password></form></html>"
    yield Script("a captive portal's page", "network", [http(page, "Content-Type: text/html")], whole=True)
    yield Script("a byte order mark before the JSON", "answer or registered", [http(b"\xef\xbb\xbf" + good)])
    yield Script("NUL in the JSON", "answer or registered", [http(good[:1] + b"\0" + good[1:])])
    yield Script("JSON of 1 000 levels", "answer", [http(b'{"a":' * 1000 + b"1" + b"}" * 1000)])
    for levels in (100, 200, 300, 400, 450, 480, 600, 700, 720):
        deep = http(packed(answer(provider, deep="@")).replace(b'"@"', b"[" * levels + b"]" * levels))
        yield Script(f"an answer with {levels} levels more", "registered or answer", [deep])
    yield Script("duplicate keys", "registered", [http(b'{"id": 5, "code": 5, "DeviceToken": "x", ' + good[1:])])
    yield Script("a long answer", "registered", [http(packed(answer(provider, more="m" * 3000)))])
    binds = provider == "centagate"  # has no token
    for name, token in {
        "a number": 5,
        "null": None,
        "a list": ["x"],
        "an object": {"a": 1},
        "true": True,
        "empty": "",
        "with a line break": "canary\r\nX-Injected: 1",
        "with a blank": "canary x",
        "with NUL": "canary\0",
        "not ASCII": "canary\u00e9\u4e16\U0001f600",
        "half a surrogate pair": "canary\ud800",
    }.items():
        yield Script(
            f"a token that is {name}", "registered" if binds else "answer", [http(packed(answer(provider, token)))]
        )
    invalid = packed(answer(provider, "@")).replace(b"@", b"\xff\xfe\xc0")
    yield Script("a token that is not UTF-8", "registered or answer" if binds else "answer", [http(invalid)])
    start, _, end = packed(answer(provider, "@")).partition(b"@")
    huge = http(start, length=len(start + end) + 10_000_000)
    yield Script(
        "a token of 10 MB",
        "registered or answer" if binds else "answer",
        [huge, Endless(b"x" * 10_000, times=1000), end],
    )


def of_one_service(provider: str, secure: bool) -> Iterable[Script]:
    """What only one service's answer has room for."""
    section = SECTIONS[provider]
    if provider == "ickstream":
        for number in (2, "x", None):
            yield Script(
                f"the answer to request {number!r}", "answer", [http(packed({**answer(provider), "id": number}))]
            )
        for code in (section["registration_token"], "a\r\nb", {"a": [1]}, None, "x" * 900):
            error = {"jsonrpc": "2.0", "id": 1, "error": {"code": code, "message": "no"}}
            yield Script(f"the error {str(code)[:20]!r}", "answer", [http(packed(error))])
    if provider == "centagate":
        for code in (section["auth_token"], "a\r\nb", {"a": [1]}, None, "x" * 900):
            yield Script(f"the code {str(code)[:20]!r}", "answer", [http(packed({"code": code, "message": "no"}))])
        for thing in (None, 5, [1], "text"):
            known = packed({"code": "0", "message": "ok", "object": thing})
            yield Script(f"the object {str(thing)[:9]!r}", "registered", [http(known)])
        deep = packed({"code": "0", "message": "ok", "object": "[" * 400})
        yield Script("an object of 400 brackets", "registered or answer", [http(deep)])
    if provider == "xyte":
        for hub in ("ftp://x", "//x", "https://", "https://x\r\ny", "https://u@x", "https://x:99999", 5):
            yield Script(f"the hub {hub!r}", "answer", [http(packed(answer(provider, hub_url=hub)))])
        downgrade = "answer" if secure else "registered"
        yield Script("a hub without TLS", downgrade, [http(packed(answer(provider, hub_url="http://127.0.0.1:9")))])


STATUSES = {
    204: "answer",
    304: "answer",
    401: "refused",
    403: "refused",
    404: "configuration",
    408: "server",
    409: "refused",
    422: "refused",
    425: "server",
    429: "server",
    500: "server",
    502: "server",
    503: "server",
    599: "server",
}


def statuses(elsewhere: int) -> Iterable[Script]:
    """Every status, with and without Retry-After, and redirects to another port, which must not be followed."""
    for status, kind in STATUSES.items():
        body = b"" if status in (204, 304) else b"no"
        yield Script(f"status {status}", kind, [http(body, status=f"{status} x")])
    for status in (301, 302, 303, 307, 308):
        there = f"Location: http://127.0.0.1:{elsewhere}/api"
        yield Script(f"status {status} to another host", "answer", [http(b"", there, status=f"{status} x")])
    soon, past = (email.utils.formatdate(time.time() + seconds, usegmt=True) for seconds in (3600, -3600))
    for status in (429, 503, 500, 403):
        slowest = (CAP / 2, CAP) if STATUSES[status] == "refused" else None
        for value, wait in {
            "7": slowest or (7, 14),
            "2000": (2000, 2000 + CAP),
            soon: (3500, 3600 + CAP),
            past: slowest or (0, FIRST),
            "31536000": (DAY, DAY + CAP),
            "9" * 40: (DAY, DAY + CAP),
            "-5": slowest,
            "soon": slowest,
            "": slowest,
        }.items():
            name = "an hour by date" if value == soon else "a date that is past" if value == past else repr(value[:9])
            line = f"Retry-After: {value}"
            yield Script(f"status {status}, Retry-After {name}", STATUSES[status], [
                http(b"no", line, status=f"{status} x")
            ], wait=wait)  # fmt: skip


def scripts(provider: str, secure: bool, elsewhere: int, pause: float) -> list[Script]:
    """All scripts for `provider`. `elsewhere`: a port that redirects point to; `pause`: seconds between slow bytes."""
    return [
        *misframed(provider, secure, pause),
        *bodies(provider, packed(answer(provider))),
        *of_one_service(provider, secure),
        *statuses(elsewhere),
    ]
