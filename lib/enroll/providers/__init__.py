"""What all providers share: the requests that they yield and the answers that they are sent.

A provider is a package, or a module, with these names:

    TABLE       its section of enroll.json, see schema.py
    ANSWER      bytes of heap to reserve for the answer before the request is sent; a longer answer takes what is free
    ONCE        True if the service registers a device only once and never tells its credential again
    register(config, now)       generator: yields Requests and is sent their Answers; for other steps see other_steps.py
    parse(config, answer)       returns the Credential in the answer to the Request that is marked `credential`; raises
                                EnrollError
    headers(credential, now)    returns the headers that authorise a request at `now`, Unix seconds; raises
                                EnrollError("clock") for a time that cannot be true, if the service would refuse it

and, only if it needs them:

    ONE_TIME    the key of a secret that works once; `finish` erases it after use
    pending(config, answer)     True while the service has not decided: register goes on, and parse waits; raises
                                nothing. It may correct the answer's `status` and `body`: what it sets is kept
    expires(credential)         returns the Unix seconds at which the credential expires
    refresh(config, credential, now)    generator like register: replaces an expired credential without a person
    base(config, credential)    returns the base address of a Session's requests, if it is not config.url
    bound(config)               returns what the credential is bound to besides the keys of kind I: text, "\n" before
                                each line
    check(section)              returns what is wrong with several keys together, or None; raises mistakes.wrong where
                                it has a remedy of its own
    finish(config, log)         called once the credential is on flash
    _RESET      what a person must do at the service before a device that was reset can register again; only host tools
                read it, and a constant with an underscore takes no flash. Left out where nothing must be done
    SECRETS     names of further secret fields of its answers, if extra_secrets.py does not recognise them

All of this is pure: it does no I/O. The calls of a registered device are in the package's module `device`, see
enroll.calls; registering never imports that. The module `refused` has the words for refusals, if only those need them.

A table of refusals begins with a line break. Below each kind of error it has one line for each code of that kind:

    refused: create this device in the portal
    403 not created yet
    409 created twice: delete one of them
    server:
    507 no room

A line has the code, what the code means, and after a colon what to do. After the kind stands what to do about all other
errors of that kind; without it, the kind's own remedy in errors.py is used.
"""

from ..errors import EnrollError
from ..url import plain


class Request:
    """One HTTP request. `body`: bytes are sent as they are, anything else as JSON. `credential`: whether the answer
    contains the credential. `shown`: what the log shows of `url`, by default all but its query.
    """

    json = True

    def __init__(self, method: str, url: str, body=b"", headers: dict | None = None, credential: bool = True) -> None:
        self.method = method
        self.url = url
        self.shown = url.split("?")[0]
        self.body = body
        self.headers = headers or {}
        self.credential = credential


class Answer:
    """One HTTP answer: `status` (int) and `body` (bytes or a memoryview).

    `request`: the Request that it answers, None if it was read from flash. `again`: whether the outcome of an earlier
    attempt is unknown. `pending`: whether the service has not decided yet. `cut`: the exception that cut the body
    short, or None. `retry_after`: seconds, or None.
    """

    request: Request | None = None
    headers: dict[str, str]
    again = False
    pending: bool | None
    cut: Exception | None
    retry_after: int | None = None

    def __init__(self, status: int, body=b"") -> None:
        self.status = status
        self.body = body

    def page(self) -> bool:
        """Whether the body is a web page, HTML without JSON in it, as proxies and captive portals send."""
        if bytes(self.body[:64]).lstrip()[:1] not in (b"<", b"\x1f", b"\x78"):  # the last two: compressed
            return False
        try:
            from .answer_cut import page

            return page(bytes(self.body))
        except MemoryError:
            return False  # called before the answer is saved, which matters more

    def json(self, table: str | None = None, *known) -> dict:
        """The body as a JSON object, {} if it is not one. If its end is missing, returns the complete values in it.

        Raises EnrollError for a web page and a status of 300 or more: as `table`, or else the common table, says.
        Without a `table` raises nothing. `known`: see `answer_refused.refusal`.
        """
        raw = bytes(self.body)
        found = None
        if raw.rstrip()[-1:] == b"}" and raw.count(b"[") + raw.count(b"{") < 33:  # complete, and not nested deeply
            import json

            try:
                found = json.loads(raw)
            except ValueError:
                pass
        if found is None and raw:
            from .answer_cut import load

            found = load(raw)
        if not isinstance(found, dict):
            found = {}
        if table is not None and (self.status >= 300 or self.page()):
            from .answer_refused import refused

            raise refused(self, table, found, *known)
        return found


def need(extra: dict, *names: str) -> list[str]:
    """Remove `names` from `extra` and return their values, each a text that a header can carry.

    Raises EnrollError("answer") if one is missing or is no such text.
    """
    values = []
    for name in names:
        value = extra.pop(name, None)
        if not isinstance(value, str) or not value or not plain(value):
            raise EnrollError("answer", "no usable `%s` in the answer" % name)
        values.append(value)
    return values
