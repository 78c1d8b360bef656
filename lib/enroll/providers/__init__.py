"""What the providers share: the requests they yield, the answers they are sent, the credential, what a refusal means.

A provider is a package, or a module, with

    TABLE       its section of enroll.json (see config.py)
    ANSWER      bytes of heap that are proved for the answer before it is asked for; a longer one takes what is free
    ONCE        whether the service registers a device only once and then never tells its credential again
    ONE_TIME    the key of a secret that works once and is erased then, by finish (only where there is one)
    register(config, now)       generator: yields Requests, is sent their Answers; more steps are in enroll/steps.py
    parse(config, answer)       Credential from the answer to the Request that is marked; raises EnrollError
    headers(credential, now)    what authorises a request at `now`, Unix seconds
    pending(config, answer)     whether the service has not decided yet, so that register goes on instead of parse (only
                                where it may be so); raises nothing
    expires(credential)         when it does, in Unix seconds, and
    refresh(config, credential, now)    generator as register: replaces it without a person (only where it expires)
    base(config, credential)    where they go (only where that is not config.url)
    bound(config)               lines of what its credential is bound to besides its keys of kind I (only where it is)
    check(section)              what several keys together want, or None (only where there is something to check)
    finish(config, log)         called once the credential is kept (only where there is something to do)
    _RESET      what a person must do at the service before a device that was reset can register again; host tools read
                it, a constant with an underscore takes no flash (only where there is something to do)
    SECRETS     names of further fields of its answers that are secret (only where `_PRIVATE` does not find them)

All that is pure. What a registered device calls there is in the package's module `device`, see enroll.calls; nothing
that registers imports it. `refused` has the words for refusals where only these need them.

A table of refusals has a line for each code, the first one too after a line break: the code, the first letter of the
error's kind, what the code means, and after a colon what to do about it. The line "refused" says what to do about all
other refusals; where there is none, the kind's own remedy (errors.py) does.
"""

import json

from ..errors import EnrollError
from ..url import plain


class Request:
    """One HTTP request: `body` is sent as it is if it is bytes, else as JSON. `credential`: its answer carries the
    credential. `shown`: what is logged of `url`, which is all but its query.
    """

    def __init__(self, method: str, url: str, body=b"", headers: dict | None = None, credential: bool = True) -> None:
        self.method = method
        self.url = url
        self.shown = url.split("?")[0]
        self.body = body
        self.headers = headers or {}
        self.credential = credential


class Answer:
    """One HTTP answer: `status` and `body` (bytes or a view of them).

    `request`: the Request that it answers; None where it was read from flash. `again`: whether the outcome of an
    earlier attempt is unknown. `pending`: whether the service has not decided yet.
    `cut`: why the body is not whole, or None. `retry_after`: seconds, or None.
    """

    request: Request | None = None
    again = False
    pending: bool | None = False
    cut: Exception | None = None
    retry_after: int | None = None

    def __init__(self, status: int, body=b"") -> None:
        self.status = status
        self.body = body

    def page(self) -> bool:
        """Whether it is a page for people, HTML without JSON in it, as proxies and the portals of networks send."""
        if bytes(self.body[:64]).lstrip()[:1] not in (b"<", b"\x1f", b"\x78"):  # the latter two are compressed
            return False
        try:
            from .answer_cut import page

            return page(bytes(self.body))
        except MemoryError:
            return False  # this is asked before the answer is saved: that goes first

    def json(self, table: str | None = None, *known) -> dict:
        """The body as a JSON object, {} if it is none. Where its end is missing, what has come whole is taken.

        Raises what `table` or the common one has for a status that is no success, unless `table` is None. `known`: see
        `answer_refused.refusal`.
        """
        raw = bytes(self.body)
        found = None
        if raw.rstrip()[-1:] == b"}" and raw.count(b"[") + raw.count(b"{") < 33:  # whole, and not deep
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
    """`names` of `extra`, each a text that may go into a header, taken out of it. Raises EnrollError("answer")."""
    values = []
    for name in names:
        value = extra.pop(name, None)
        if not isinstance(value, str) or not value or not plain(value):
            raise EnrollError("answer", "no usable `%s` in the answer" % name)
        values.append(value)
    return values
