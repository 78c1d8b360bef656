"""What the providers share: the requests they yield, the answers they are sent, and what an HTTP status means.

A provider is a module with

    TABLE       its section of enroll.json (see config.py)
    IDENTITY    the keys that say which device a record belongs to
    ANSWER      bytes of the longest answer that is taken
    ONCE        whether the service registers a device only once and then never tells its credential again
    ONE_TIME    the key of a secret that works once and is erased then (only where there is one)
    check(section)              what several keys together want, or None
    register(config, now)       generator: yields Requests, is sent their Answers
    parse(config, answer)       Credential from the answer to the Request that is marked; raises EnrollError
    headers(credential)         what authorises later requests
    base(config, credential)    where they go (only where that is not config.url)

Tables of refusals have a line for each code: code, kind, what it means, and after a colon what to do about it where the
kind's own remedy (errors.py) does not say enough.
"""

import json

from ..errors import EnrollError

_COMMON = """\
400 configuration the request is wrong
401 refused the credentials are wrong
403 refused this is forbidden
404 configuration there is no such address
405 configuration this is the wrong address
408 server it took too long
409 refused this conflicts
422 refused the values do not fit
425 server it is too early
429 server there are too many requests"""


class Request:
    """One HTTP request: `json` becomes its body. `credential`: its answer carries the credential."""

    def __init__(self, method: str, url: str, json: object = None, headers: dict | None = None, credential: bool = False) -> None:
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
            if isinstance(found, dict):
                return found
        except (ValueError, RuntimeError):
            pass
        raise EnrollError("answer", "not the JSON that was expected")


def need(found: dict, *names: str) -> list[str]:
    """Take `names` out of `found`, each a text that may go into a header. Raises EnrollError("answer")."""
    for name in names:
        value = found.get(name)
        if not isinstance(value, str) or not value or [c for c in value if not "!" <= c <= "~"]:
            raise EnrollError("answer", "no usable `%s` in the answer" % name)
    return [found.pop(name) for name in names]


def known(code, table: str) -> EnrollError | None:
    """The error that `table` has for `code`, or None."""
    for line in table.split("\n"):
        number, kind, fact = line.split(" ", 2)
        if number == str(code):
            return EnrollError(kind, "the service says %s, %s" % (number, fact))
    return None


def refusal(answer: Answer, table: str = _COMMON) -> EnrollError:
    """The error for an answer whose status is not 2xx; `table`: the provider's own words, used before the common ones."""
    status = answer.status
    kind = "server" if status >= 500 else "configuration" if status >= 400 else "answer"
    return known(status, table) or known(status, _COMMON) or EnrollError(kind, "the service says %d" % status)
