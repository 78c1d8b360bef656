"""Values in an answer that are not plain JSON: in its headers, a body that is plain text, or in Base64; those that a
header cannot carry; and those of several answers as one.
"""

import json
from binascii import a2b_base64

from ...errors import EnrollError


def look(answer, found: dict) -> None:
    """Add these to `found`: headers as `header:name`, the text as `.` unless it was cut."""
    if not found and not answer.cut and not answer.page():
        found["."] = str(answer.body, "utf-8").strip().strip('"')
    for name in answer.headers:
        found["header:" + name] = answer.headers[name]


def packed(taken: dict) -> bytes:
    """The body that `parse` reads, for values of several answers. Leaves out what cannot be read back, as 1e999."""
    body = json.dumps({"": taken}).encode()
    try:
        json.loads(body)
    except (ValueError, RuntimeError):
        from ...extra_secrets import readable

        body = json.dumps({"": readable(taken, len(body))}).encode()
    return body


def unb64(raw: bytes) -> bytes:
    """The bytes that `raw` encodes, which most often comes from an answer: secrets were checked before."""
    try:
        return a2b_base64(raw)
    except ValueError:
        raise EnrollError("answer", "a value for `unb64` is not Base64", "correct `values`, or what `take` names")


def line(raw: bytes) -> str:
    """The text for a header that has a value from an answer."""
    if min(raw + b" ") < 32:
        raise EnrollError("answer", "a value for a header has a line break", "correct what `take` names")
    return str(raw, "utf-8")
