"""What the providers share: the requests they yield, the answers they are sent, and what an HTTP status means.

A provider is a module with

    FIELDS      {key: (check, default)}: its section of enroll.json
    ANSWER      bytes of the longest answer that is taken
    IDENTITY    the keys that say which device a record belongs to
    ONCE        whether the service registers a device only once and then never tells its credential again
    check(section)              what concerns several keys; raises ValueError
    register(config, now)       generator: yields Requests, is sent their Answers
    parse(section, answer)      Credential from the answer to the Request that is marked; raises EnrollError
    headers(credential)         what authorises later requests
"""

import json

from ..errors import EnrollError


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

    def __init__(self, status: int, body, again: bool = False) -> None:
        self.status = status
        self.body = body
        self.again = again
        self.cut: Exception | None = None
        self.retry_after: int | None = None

    def json(self) -> dict:
        """The body as a JSON object. Raises EnrollError("answer")."""
        try:
            found = json.loads(bytes(self.body))
            if isinstance(found, dict):
                return found
        except (ValueError, RuntimeError):
            pass
        raise EnrollError("answer", "the server's answer is not the JSON that was expected: check `url`")


def need(found: dict, *names: str) -> list[str]:
    """Take `names` out of `found`, each a text that may go into a header. Raises EnrollError("answer")."""
    for name in names:
        value = found.get(name)
        if not isinstance(value, str) or not value or not all(["!" <= c <= "~" for c in value]):
            raise EnrollError("answer", "the server's answer has no usable `%s`: is this the right service?" % name)
    return [found.pop(name) for name in names]


def refusal(answer: Answer, known: dict) -> EnrollError:
    """The error for an answer whose status is not 2xx; `known` is the provider's own table {status: (kind, sentence)}."""
    status = answer.status
    if status in known:
        return EnrollError(*known[status])
    if status in (408, 425, 429) or status >= 500:
        return EnrollError("server", "the service is busy or broken (HTTP %d): it will be asked again" % status)
    if status < 400:
        return EnrollError("answer", "the server sends elsewhere (HTTP %d): correct `url`, or leave the network's portal" % status)
    if status in (401, 403, 409, 422):
        return EnrollError("refused", "the service refuses this device (HTTP %d): check its entry in the portal" % status)
    return EnrollError("configuration", "the server does not know this request (HTTP %d): check `url`" % status)
