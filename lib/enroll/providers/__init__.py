"""What the providers share: the requests they yield, the answers they are sent, and what a refusal means.

A provider is a module with

    TABLE       its section of enroll.json (see config.py)
    IDENTITY    the keys that say which device a record belongs to
    ANSWER      bytes of the longest answer that is taken
    ONCE        whether the service registers a device only once and then never tells its credential again
    ONE_TIME    the key of a secret that works once and is erased then, by finish (only where there is one)
    check(section)              what several keys together want, or None
    register(config, now)       generator: yields Requests, is sent their Answers
    parse(config, answer)       Credential from the answer to the Request that is marked; raises EnrollError
    headers(credential)         what authorises later requests
    base(config, credential)    where they go (only where that is not config.url)
    finish(config, log)         called once the credential is kept (only where there is something to do)

A table of refusals has a line for each code: the code, the first letter of the error's kind, what the code means, and after
a colon what to do about it where the kind's own remedy (errors.py) does not say enough.
"""

import json

from ..errors import EnrollError

_KINDS = {"r": "refused", "s": "server", "c": "configuration", "a": "answer"}
_COMMON = """\
401 r not authorised
403 r forbidden
408 s too slow
409 r conflict
422 r values refused
425 s too early
429 s too many requests"""


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

    def json(self) -> dict:
        """The body as a JSON object. Raises EnrollError("answer")."""
        try:
            found = json.loads(bytes(self.body))
        except (ValueError, RuntimeError):
            found = None
        if isinstance(found, dict):
            return found
        raise EnrollError("answer", "not the JSON that was expected")


def need(found: dict, *names: str) -> list[str]:
    """`names` of `found`, each a text that may go into a header, taken out of it. Raises EnrollError("answer")."""
    for name in names:
        value = found.get(name)
        if not isinstance(value, str) or not value or [c for c in value if not "!" <= c <= "~"]:
            raise EnrollError("answer", "no usable `%s` in the answer" % name)
    return [found.pop(name) for name in names]


def refusal(code, table: str = _COMMON) -> EnrollError:
    """The error for `code`, an HTTP status or a service's own: what `table` says, else what is common."""
    kind = "a"
    fact = ""
    for line in (table + "\n" + _COMMON).split("\n"):
        if line.startswith("%s " % code):
            _, kind, fact = line.split(" ", 2)
            break
    else:
        if isinstance(code, int) and code >= 400:
            kind = "c" if code < 500 else "s"
    return EnrollError(_KINDS[kind], "the service says %s %s" % (code, fact))
