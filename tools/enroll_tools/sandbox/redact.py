"""Keeps secrets out of the request log: finds them by the names of their fields or by their place in a path, then hides
their values everywhere."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus, unquote, unquote_plus

HIDDEN = "***"

# Compared in lower case without "_" and "-".
SECRET_NAMES = frozenset(
    {
        "token",
        "devicetoken",
        "registrationtoken",
        "deviceregistrationtoken",
        "accesstoken",
        "accesskey",
        "hardwarekey",
        "password",
        "centoken",
        "secretcode",
        "secretkey",
        "provisiondevicesecret",
        "provisionsecret",
        "devicekey",
        "groupkey",
        "credentialsvalue",
        "refreshtoken",
        "registrationaccesstoken",
        "clientsecret",
        "devicecode",
        "authtoken",
        "hmac",
        "ticket",
    }
)

# What the part of a path after these is: a token of ThingsBoard's devices, and the ticket of `rest`. Looked for in
# every path, also in one that no service has, or that a fault answers: what is almost right holds the secret, too.
_BEFORE_SECRETS = (["api", "v1"], ["enrollments"])
_NO_SECRETS = ("provision",)  # a path of ThingsBoard's own

_SECRET_HEADERS = frozenset({"x-api-key", "x-auth-token", "x-fleet-token", "x-signature"})

# Hiding shorter values everywhere would blank out harmless text; they are hidden only where their field's name is
# secret.
_SHORTEST = 6

# No device sends so many secrets at once. Each is searched for in the whole text: without a bound the work grows with
# the square of it.
_MOST = 100


def is_secret(name: str) -> bool:
    """Tell whether a query parameter or JSON member of this name holds a secret."""
    return name.lower().replace("_", "").replace("-", "") in SECRET_NAMES


def _strip(value: object, found: set[str], secret: bool = False) -> object:
    """Return a JSON value with its secrets hidden, adding them to ``found``."""
    if isinstance(value, dict):
        return {key: _strip(item, found, secret or is_secret(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_strip(item, found, secret) for item in value]
    if secret and value is not None:
        found.add(str(value))
        return HIDDEN
    if isinstance(value, str) and value[:1] in ("{", "["):
        # Centagate's "object" may be JSON once more, inside a string.
        with contextlib.suppress(ValueError, RecursionError):
            return json.dumps(_strip(json.loads(value), found))
    return value


def _body(content: bytes, found: set[str], kind: str = "") -> str:
    if not content:
        return ""
    if kind.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded" and content.isascii():
        return _query("?" + content.decode(), found)[1:]
    try:
        return json.dumps(_strip(json.loads(content), found), ensure_ascii=False)
    except (ValueError, RecursionError):
        # What cannot be read cannot be searched for secrets.
        return f"<{len(content)} bytes, not JSON>"


def _query(path: str, found: set[str]) -> str:
    path, mark, query = path.partition("?")
    pairs = []
    for pair in query.split("&"):
        name, sign, value = pair.partition("=")
        if sign and is_secret(unquote_plus(name)):
            found.update((value, unquote_plus(value)))
            value = HIDDEN
        pairs.append(name + sign + value)
    return path + mark + "&".join(pairs)


def _path(path: str, found: set[str]) -> str:
    path, mark, query = path.partition("?")
    parts = path.split("/")
    names: list[str] = []  # of the parts so far
    for place, part in enumerate(parts):
        name = unquote(part)
        if name and name not in _NO_SECRETS and any(names[-len(words) :] == words for words in _BEFORE_SECRETS):
            found.update((part, name))
            parts[place] = HIDDEN
        if name:  # a slash too many changes nothing
            names.append(name.lower())
    return "/".join(parts) + mark + query


def _authorization(value: str, found: set[str]) -> str:
    scheme, space, credential = value.partition(" ")
    if not space:
        found.add(value)
        return HIDDEN
    found.update((value, credential))
    if scheme.lower() == "basic":
        with contextlib.suppress(ValueError):
            found.add(base64.b64decode(credential).decode().partition(":")[2])
    # The log shows the scheme, but only a well-known one: any other word could be a secret.
    return f"{scheme} {HIDDEN}" if scheme.lower() in ("basic", "bearer") else HIDDEN


def _header(name: str, value: str, found: set[str]) -> str:
    if name.lower() in _SECRET_HEADERS:
        found.add(value)
        return HIDDEN
    return _authorization(value, found) if name.lower() == "authorization" else value


def _forms(values: Iterable[str]) -> list[str]:
    """Every spelling of a value that may occur in a log line, the longest first, so that no part of it remains."""
    forms: set[str] = set()
    for value in values:
        if len(value) >= _SHORTEST:
            # surrogatepass: a header's bytes that are not text must not end the search.
            quoted = (quote(value, "", errors="surrogatepass"), quote_plus(value, "", errors="surrogatepass"))
            forms.update((value, *quoted, json.dumps(value)[1:-1]))
    return sorted(forms, key=len, reverse=True)


def _replace(text: str, forms: list[str]) -> str:
    for form in forms:
        text = text.replace(form, HIDDEN)
    return text


def redact_path(path: str, headers: Mapping[str, str], body: bytes, known: Iterable[str] = ()) -> str:
    """Return the path of a request without secrets; see ``redact``."""
    return redact(path, headers, body, b"", known)[0]


def redact(
    path: str, headers: Mapping[str, str], body: bytes, answer: bytes, known: Iterable[str] = ()
) -> tuple[str, dict[str, str], str, str]:
    """Return path, headers, body and answer as text without secrets; ``known`` are values to hide besides."""
    found = {value for value in known if value}
    whole = (path, body, answer)
    path = _query(_path(path, found), found)
    shown = {name: _header(name, value, found) for name, value in headers.items()}
    kinds = [value for name, value in headers.items() if name.lower() == "content-type"]
    body_text = _body(body, found, *kinds[:1])
    answer_text = _body(answer, found)
    if len(found) > _MOST:
        path, body_text, answer_text = (f"<{len(text)} bytes, too many secrets in the request>" for text in whole)
        return path, dict.fromkeys(headers, HIDDEN), body_text, answer_text
    forms = _forms(found)
    shown = {name: _replace(value, forms) for name, value in shown.items()}
    return _replace(path, forms), shown, _replace(body_text, forms), _replace(answer_text, forms)
