"""Secrets that must not leave the bench, because they are good for more than one device; a board gets a derived one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from .errors import CONFIGURATION, Failure


def device_key(section: dict[str, Any]) -> str | None:
    """Replace `group_key` with the `device_key` that Azure derives from it. Returns the new key; None if there is no
    `group_key`. Raises Failure.

    https://learn.microsoft.com/azure/iot-dps/concepts-symmetric-key-attestation, "Group enrollments"
    """
    if "group_key" not in section:
        return None
    group, serial = section.pop("group_key"), section.get("serial")
    if not isinstance(serial, str) or not serial:
        fact = "`azure.group_key` needs the device's `serial`: put that into the file or into a table"
        raise Failure(CONFIGURATION, fact)
    if section.get("device_key") is not None:
        raise Failure(CONFIGURATION, "`azure.group_key` or `azure.device_key`: keep one")
    try:
        key = base64.b64decode(group, validate=True)
    except (TypeError, ValueError, binascii.Error):
        key = b""
    if not key:
        raise Failure(CONFIGURATION, "`azure.group_key` wants Base64: copy the primary key of the group")
    derived = base64.b64encode(hmac.digest(key, serial.encode(), hashlib.sha256)).decode()
    section["device_key"] = derived
    return derived


def cen_token(section: dict[str, Any]) -> str | None:
    """Replace an administrator's auth_token and secret_code with `cen_token`, by HMAC-SHA256 as in the provider
    centagate. Returns the token; None if there is no secret_code.
    """
    if not section.get("secret_code"):
        return None
    message = section["admin_username"] + section.pop("auth_token")
    token = hmac.new(section.pop("secret_code").encode(), message.encode(), hashlib.sha256).hexdigest()
    section["cen_token"] = token
    return token


INPUTS = {"azure": "group_key", "portal": "batch_secret"}  # what a section may have in place of what a board gets
Derive = Callable[[dict[str, Any]], str | None]
ALWAYS: dict[str, Derive] = {"azure": device_key}  # before the configuration is checked
UNLESS_KEPT: dict[str, Derive] = {"centagate": cen_token}  # afterwards, unless --keep is given
