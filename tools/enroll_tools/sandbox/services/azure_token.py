"""Azure's shared access signatures: how one is made, and what is wrong with one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from urllib.parse import unquote

from ..errors import SandboxError
from .base import same


def decoded(name: str, key: str) -> bytes:
    """A key that a person gives. Raises SandboxError."""
    try:
        return base64.b64decode(key, validate=True)
    except ValueError:
        raise SandboxError(f"{name} is not Base64: copy it as the portal shows it") from None


def derived(group_key: str, registration_id: str) -> str:
    """The key of a device in a group, as Azure's documentation computes it."""
    key = decoded("group_key", group_key)
    digest = hmac.digest(key, registration_id.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return base64.b64encode(digest).decode()


def signed(resource: str, key: str, until: str) -> str:
    """The signature of a token for ``resource``, as the token spells it."""
    digest = hmac.digest(base64.b64decode(key), f"{resource}\n{until}".encode(), hashlib.sha256)
    return base64.b64encode(digest).decode()


def fields_of(header: str) -> dict[str, str]:
    """The fields of a token as they are spelled; {} if the header holds none."""
    kind, _, text = header.partition(" ")
    if kind != "SharedAccessSignature":
        return {}
    return dict(field.partition("=")[::2] for field in text.split("&"))


def fault(header: str, place: str, key: str, policy: str | None, now: float) -> tuple[str, str]:
    """What is wrong with a token for ``place``: a reason and what is expected, "" if it is right."""
    fields = fields_of(header)
    resource, until = fields.get("sr", ""), fields.get("se", "")
    if not fields:
        return "no token", ""
    if not re.fullmatch("[0-9]{1,12}", until):
        return "se", str(int(now) + 3600)
    if fields.get("skn") != policy:
        return "skn", policy or ""
    # Microsoft's SDK for Python quotes the resource, its client for Node does not.
    if unquote(resource) != place:
        return "sr", place
    right = signed(resource, key, until)
    if not same(unquote(fields.get("sig", "")), right):
        return "sig", right
    return ("expired", str(int(now))) if int(until) <= now else ("", "")
