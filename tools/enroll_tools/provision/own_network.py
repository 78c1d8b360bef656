"""The network that a device makes where it can join none: `portal` in enroll.json, and what its label shows.

A template may name it by keys of the device's identity, `"ssid": "Acme {serial}"`, and may hold a secret of the batch,
`batch_secret`. From that each board gets a password of its own, which tells nothing about another's. The secret of the
batch never leaves the bench.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Any

from .errors import CONFIGURATION, Failure
from .library import enroll_config
from .untrusted import Secrets, clean

KEY, SECRET = "portal", "batch_secret"
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # without what looks like something else
LENGTH = 12  # characters of a password; 59 bits: anyone who hears a phone join can guess for as long as they like
LEAST = 16  # characters of a batch's secret
PURPOSE = b"enroll portal\n"  # the same secret, used for something else, gives something else
LABEL = ("portal_ssid", "portal_password", "portal_qr")  # what --after may name


@dataclass(frozen=True)
class OwnNetwork:
    """The network's name and password."""

    ssid: str
    password: str = field(repr=False)

    @property
    def label(self) -> dict[str, str]:
        """What a label shows, by the names of LABEL. The last one is the text of a QR code by which a phone joins."""
        quoted = (re.sub(r'([\\;,:"])', r"\\\1", text) for text in (self.ssid, self.password))
        code = "WIFI:T:WPA;S:{};P:{};;".format(*quoted)
        return dict(zip(LABEL, (self.ssid, self.password, code), strict=True))


def derive(secret: str, device: str) -> str:
    """The password of the network that `device`, its identity, makes: HMAC-SHA256 under the `secret` of its batch."""
    rest = int.from_bytes(hmac.digest(secret.encode(), PURPOSE + device.encode(), hashlib.sha256), "big")
    found = ""
    for _ in range(LENGTH):
        rest, place = divmod(rest, len(ALPHABET))
        found += ALPHABET[place]
    return found


def settle(data: dict[str, Any], identity: dict[str, str], device: str, secrets: Secrets) -> OwnNetwork | None:
    """Give `portal` of `data` its name and password, for the board that has `identity`, as a text `device`.

    Adds to `secrets`. Returns None if there is no `portal`. Raises Failure, and the library's EnrollError.
    """
    section = data.get(KEY)
    if not section:
        return None
    if isinstance(section.get("ssid"), str):
        section["ssid"] = re.sub(r"\{(\w*)\}", lambda found: _value(found[1], identity), section["ssid"])
    if section.get(SECRET) is not None:
        section["password"] = _password(section, device, secrets)
    found = enroll_config().own_network(section)
    secrets.add(found["password"].reveal())
    return OwnNetwork(found["ssid"], found["password"].reveal())


def _value(name: str, identity: dict[str, str]) -> str:
    found = identity.get(name)
    if not found:
        known = ", ".join(f"{{{key}}}" for key, value in identity.items() if value)
        what = f"`{KEY}.ssid` names {{{clean(name)}}}, which is neither in the file nor in the table"
        raise Failure(CONFIGURATION, f"{what}: use {known or 'a name without braces'}")
    return found


def _password(section: dict[str, Any], device: str, secrets: Secrets) -> str:
    secret = section.pop(SECRET)
    if isinstance(secret, str):
        secrets.add(secret)
    if section.get("password"):
        raise Failure(CONFIGURATION, f"`{KEY}.{SECRET}` or `{KEY}.password`: keep one")
    if not isinstance(secret, str) or len(secret) < LEAST:
        hint = "make one with 'openssl rand -hex 16'"
        raise Failure(CONFIGURATION, f"`{KEY}.{SECRET}` wants text of at least {LEAST} characters: {hint}")
    if not device:
        fact = f"`{KEY}.{SECRET}` needs the device's identity: put that into the file or into a table"
        raise Failure(CONFIGURATION, fact)
    return derive(secret, device)
