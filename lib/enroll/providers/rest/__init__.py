"""A back end of your own, described in enroll.json: docs/services/rest.md has the language.

description.py finds the mistakes in a description, and turns each template into a tree for `fill`, see expression.py.
"""

import hashlib
import json
import os
from binascii import b2a_base64

from ...calendar import now as clock
from ...url import quote
from .. import Request, need

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

    from ...config import Config
    from ...credential import Credential
    from .. import Answer

TABLE = "serial@I mac@I values-{ secrets-{ steps!O headers-{ refresh-O once-t"
ANSWER = 1024
ONCE = True  # if `once` is false, refused.py takes that into account
_RESET = const("let the back end register this device again")


def check(section: dict) -> None:
    from .description import check

    check(section)


def text(value: "Any") -> str:
    """`value` as text: bytes in hex, other types in JSON."""
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, str) else json.dumps(value)


def fill(part: "Any", names: dict) -> "Any":
    """`part` of a description with its templates filled in; `names`: see `known`."""
    if isinstance(part, dict):
        return {key: fill(part[key], names) for key in part}
    if not isinstance(part, (list, tuple)):
        return part
    found: Any = [fill(it, names) for it in part]
    if isinstance(part, list):
        return found
    name, *more = found
    if not name:
        return "".join([text(it) for it in more])
    if more:
        return _call(name, *more)
    if name == "iso_now":
        from ...httpdate import iso_time

        return iso_time(names["now"])
    return fill(names[name], names)


def _call(name: str, *values) -> "Any":
    if name == "url":
        return quote(text(values[0]))
    raw = [it if isinstance(it, bytes) else text(it).encode() for it in values]
    if name == "hex":
        return raw[0].hex()
    if name == "b64":
        return b2a_base64(raw[0])[:-1].decode()
    if raw[1:]:
        from ...hmac import hmac_sha256

        return bytes.fromhex(hmac_sha256(*raw))
    if hasattr(hashlib, name):
        return getattr(hashlib, name)(raw[0]).digest()
    from . import beside

    return getattr(beside, name)(raw[0])


def known(section: dict, now: int, more: dict) -> dict:
    """The values of the names in templates."""
    found = dict(section)
    found.update(section["values"])
    found.update(more)
    for name, secret in section["secrets"].items():
        found[name] = secret.reveal()
    found["now"] = now
    found["nonce"] = os.urandom(8).hex()
    return found


def register(config: "Config", now: int):
    steps = config.section["steps"]
    if steps[0]["resumes"]:
        from .resume import register

        return register(config, now)
    return take(config, now, steps, {})


def refresh(config: "Config", credential: "Credential", now: int):
    from .later import refresh

    return refresh(config, credential, now)


def take(config: "Config", now: int, steps: "Any", taken: dict):
    """Carry out `steps` in order. Returns `taken`: {name: value from an answer}."""
    ahead = now - clock()
    for step in steps:
        while True:
            names = known(config.section, clock() + ahead, taken)
            names["body"] = body = text(fill(step["body"], names))
            request: Any = Request(
                step["method"],
                config.url + fill(step["path"], names),
                body.encode(),
                fill(step["headers"], names),
                step["last"],
            )
            request.shown = config.url + step["shown"]
            request.json = step["plain"]
            request.step = step
            request.taken = taken
            answer = yield request
            if not answer.pending:
                break
            from ..other_steps import Wait

            yield Wait(answer.retry_after or answer.rule["seconds"])
        taken = answer.taken
        if answer.status > 299 or set(step["take"]) - set(taken):
            from .refused import refused

            raise refused(config, answer)
    return taken


def _look(found: "Any", place: list) -> "Any":
    """The value at `place` in an answer, None if there is none."""
    try:
        for part in place:
            found = found[int(part) if isinstance(found, list) else part]
        return found
    except Exception:  # the answer has another shape: no such key or index, or not an object
        return None


def _read(found: dict, step: dict, taken: dict) -> dict:
    """`taken` and what `step` takes from `found`, by name."""
    taken = dict(taken)
    for name, place in step["take"].items():
        value = _look(found, place)
        if value is not None:
            taken[name] = value
    return taken


def pending(config: "Config", answer: "Any") -> bool:
    """Whether to repeat the step. Notes in `answer` what it means."""
    request = answer.request
    step = request.step
    answer.taken = {}
    try:
        found = answer.json()
        if not step["plain"]:
            from .beside import look

            look(answer, found)
        for status, place, value, answer.rule in step["answers"]:
            if status in (0, answer.status, answer.status // 100) and _look(found, place) == value:
                break
        means = answer.rule["means"]
        if means == "success":
            answer.status = 200
            answer.taken = taken = _read(found, step, request.taken)
            if "secret" in taken and (request.taken or not step["plain"]):
                from .beside import packed

                answer.body = packed(taken)
        elif answer.status < 300:
            answer.status = 400
        return means == "pending"
    except Exception:  # keep it first, whatever is wrong with it
        return False


def parse(config: "Config", answer: "Answer") -> "Credential":
    section = config.section
    found = answer.json()
    found = found.get("") or _read(found, section["steps"][-1], {})
    if answer.status > 299 or section["take"] - set(found):
        from .refused import refused

        raise refused(config, answer)
    who = text(found.pop("id", 0) or section["serial"] or section["mac"])
    device_id, secret = need({"id": who, "secret": text(found.pop("secret"))}, "id", "secret")
    if "expires" in found:
        from .later import until

        found["expires"] = until(found["expires"])
    from ...credential import Credential

    return Credential(config, device_id, secret, found)


def headers(credential: "Credential", now: int) -> dict[str, str]:
    from .later import headers

    return headers(credential, now)


def expires(credential: "Credential") -> int:
    from .later import expires

    return expires(credential)
