"""What the providers share: the requests they yield, the answers they are sent, the credential, what a refusal means.

A provider is a module with

    TABLE       its section of enroll.json (see config.py)
    ANSWER      bytes of the longest answer that is taken
    ONCE        whether the service registers a device only once and then never tells its credential again
    ONE_TIME    the key of a secret that works once and is erased then, by finish (only where there is one)
    register(config, now)       generator: yields Requests, is sent their Answers
    parse(config, answer)       Credential from the answer to the Request that is marked; raises EnrollError
    headers(credential)         what authorises later requests
    base(config, credential)    where they go (only where that is not config.url)
    bound(config)               lines of what its credential is bound to besides its keys of kind I (only where it is)
    check(section)              what several keys together want, or None (only where there is something to check)
    finish(config, log)         called once the credential is kept (only where there is something to do)

A table of refusals has a line for each code, the first one too after a line break: the code, the first letter of the
error's kind, what the code means, and after a colon what to do about it where the kind's own remedy (errors.py) does
not say enough.
"""

import json

from ..config import Secret
from ..errors import EnrollError, entry
from ..url import plain

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_KINDS = const("""
r refused
s server
c configuration""")
_LONG = const(8192)  # bytes of the longest answer
_COMMON = const("""
401 r not authorised
403 r forbidden
408 s too slow
409 r conflict
422 r values refused
425 s too early
429 s too many requests""")


def service(name: str):
    """The module of provider `name`: a plug-in that the configuration names, and nothing else loads one."""
    return __import__("enroll.providers." + name, None, None, (name,))


class Request:
    """One HTTP request: `json` becomes its body. `credential`: its answer carries the credential."""

    def __init__(self, method: str, url: str, json=None, headers: dict | None = None, credential: bool = True) -> None:
        self.method = method
        self.url = url
        self.json = json
        self.headers = headers or {}
        self.credential = credential


class Answer:
    """One HTTP answer: `status` and `body` (bytes or a view of them).

    `again`: whether the outcome of an earlier attempt is unknown. `cut`: why the body is not whole, or None.
    `retry_after`: seconds, or None.
    """

    again = False
    cut: Exception | None = None
    retry_after: int | None = None

    def __init__(self, status: int, body=b"") -> None:
        self.status = status
        self.body = body

    def json(self, table: str | None = None) -> dict:
        """The body as a JSON object, {} if it is none.

        Raises what `table` or the common one has for a status that is no success, unless `table` is None.
        """
        if self.status >= 300 and table is not None:
            raise refusal(self.status, table)
        raw = bytes(self.body)
        if raw[:1] in (b"\x1f", b"x"):  # gzip or zlib, though `identity` was asked for
            from ..inflate import inflate

            raw = inflate(raw, _LONG)
        raw = raw.lstrip(b"\xef\xbb\xbf")  # a byte order mark is none of JSON
        try:
            found = raw.count(b"[") + raw.count(b"{") < 33 and json.loads(raw)  # deeper ones could not be written again
        except ValueError:
            found = None
        return found if isinstance(found, dict) else {}


class Credential:
    """The device's place at its service: `provider` (name), `device_id`, `secret` (a Secret) and `extra` (the rest)."""

    def __init__(self, provider: str, device_id: str, secret: str, extra: dict, renewed=0) -> None:
        """`renewed`: when the device last registered anew after a 401 (Unix seconds), 0 if never."""
        self.renewed = renewed
        self.provider = provider
        self.device_id = device_id
        self.secret = Secret(secret)
        self.extra = extra

    def headers(self) -> dict[str, str]:
        """The headers that authorise a later request."""
        return service(self.provider).headers(self)

    def encode(self) -> bytes:
        """The JSON that is kept. What JSON would not give back is dropped from `extra` first: a number that is too
        large for this board's floats, for example.
        """
        for name in list(self.extra):
            try:
                json.loads(json.dumps(self.extra[name]).encode())
            except (ValueError, TypeError, RuntimeError):
                del self.extra[name]
        return json.dumps([self.device_id, self.secret.reveal(), self.extra, self.renewed]).encode()


def need(extra: dict, *names: str) -> list[str]:
    """`names` of `extra`, each a text that may go into a header, taken out of it. Raises EnrollError("answer")."""
    values = []
    for name in names:
        value = extra.pop(name, None)
        if not isinstance(value, str) or not value or not plain(value):
            raise EnrollError("answer", "no usable `%s` in the answer" % name)
        values.append(value)
    return values


def refusal(code, table: str) -> EnrollError:
    """The error for `code`, an HTTP status or a service's own: what `table` says, else what is common."""
    fact = entry(table, code) or entry(_COMMON, code)
    if not fact and isinstance(code, int) and code >= 400:
        fact = "c" if code < 500 else "s"
    said = str(code)
    if said[6:] or not said.lstrip("-").isdigit():
        said = "an unknown code"  # not what it is: that might be a secret, sent back
    error = EnrollError(entry(_KINDS, fact[:1]) or "answer", "the service says %s%s" % (said, fact[1:]))
    error.said = True
    return error
