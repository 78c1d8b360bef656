"""What it means that a service refuses something, and the words for it. Needed only where one does."""

from ..config import Secret
from ..errors import EnrollError, entry
from ..url import plain

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from . import Answer

_KINDS = const("""
r refused
s server
c configuration
n network""")
_COMMON = const("""
401 r not authorised
403 r forbidden
404 c not found: check `url`
405 c not allowed there: check `url`
407 n that a proxy wants a login: let this device pass it
408 s too slow
409 r conflict
410 c gone: check `url`
422 r values refused
425 s too early
429 s too many requests
511 n that the network wants a login: open its portal in a browser""")
_PAGE = const(
    "a web page came instead of an answer, HTTP %d: if a proxy or the network's portal sent it, pass that, else %s"
)


def refused(answer: "Answer", table: str, reply: dict, *known) -> EnrollError:
    """The error for the status of `answer`, or that it is a page from somewhere on the way; see `refusal`."""
    error = refusal(answer.status, table, reply, *known)
    if error.kind in ("refused", "answer") and answer.page():
        return EnrollError("network", _PAGE % (answer.status, str(error).partition(": ")[2]))
    return error


def refusal(code, table: str, reply: dict | None = None, *known) -> EnrollError:
    """The error for `code`, an HTTP status or a service's own: what `table` says, else what is common.

    `reply`: the object that it came with, whose short text is quoted if it cannot hold a secret. `known`: the Config,
    and the Credential if there is one; without them nothing is quoted.
    """
    fact = ""
    said = str(code)
    if said[6:] or not said.lstrip("-").isdigit():
        said = "an unknown code"  # not what it is: that might be a secret, sent back
    else:
        fact = entry(table, code) or entry(_COMMON, code)
    if not fact and isinstance(code, int) and code >= 400:
        fact = "c" if code < 500 else "s"
    kind = entry(_KINDS, fact[:1]) or "answer"
    fact, _, remedy = fact.partition(": ")
    if known and reply:
        fact += _quote(reply, *known)
    if kind == "refused":
        remedy = remedy or entry(table, kind)
    error = EnrollError(kind, "the service says %s%s%s" % (said, fact[1:], ": " + remedy if remedy else ""))
    error.said = True
    return error


def _quote(reply: dict, config, credential=None) -> str:
    """The text in `reply`, in brackets, if it is short, of short words, and none of them is a secret of ours."""
    section = config.section
    hidden = list(section.values()) + [credential and credential.secret]
    for part in section.values():
        if isinstance(part, dict):
            hidden += part.values()
    for name in ("message", "error"):
        text = reply.get(name)
        if not isinstance(text, str) or not text.strip() or text[60:] or not plain(text, 32):
            continue
        if max([len(word) for word in text.split()]) < 16 and not [
            1 for it in hidden if isinstance(it, Secret) and it.reveal() and it.reveal().lower() in text.lower()
        ]:
            return " (%s)" % text.replace(": ", ", ")
    return ""
