"""Which fields of an answer are secret, besides the one that authorises: a password for MQTT, another service's key."""

import json

from .config import Secret

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from .credential import Credential

# A field is secret if its name contains one of the first or ends with one of the others; case and figures do not count.
_PARTS = const(("pass", "pwd", "secret", "credential"))
_ENDS = const(("token", "key", "keys", "pin", "psk"))


def seal(credential: "Credential") -> None:
    """Make what is secret in the `extra` of `credential`, at any depth, a Secret, or what it was before."""
    closed = credential._sealed = not credential._sealed
    names = getattr(credential.config.service, "SECRETS", ())
    parts: list = [credential._extra]
    while parts:
        part = parts.pop()
        if isinstance(part, list):
            parts += part
        elif isinstance(part, dict):
            for name, value in part.items():
                if isinstance(value, Secret):
                    if not closed:
                        part[name] = value.reveal()
                elif closed and value and (name in names or _private(name)):
                    part[name] = Secret(value)
                else:
                    parts.append(value)


def _private(name) -> bool:
    name = str(name).lower()  # MicroPython takes numbers for names, too
    for part in _PARTS:
        if part in name:
            return True
    return name.rstrip("0123456789").endswith(_ENDS)


def encode(credential: "Credential", most: int) -> bytes:
    """What is kept of `credential`, in so many bytes at `most`: what `Credential.encode` leaves to this module."""
    if credential._sealed:
        seal(credential)
        text = credential.encode()
        seal(credential)
        return text
    body = [credential.device_id, credential.secret.reveal(), {}, credential.renewed]
    body[2] = credential._extra = _readable(credential._extra, most - len(json.dumps(body)))
    return json.dumps(body).encode()


def _readable(extra: dict, room: int) -> dict:
    """What of `extra` can be read back, and has room in so many bytes: 1e999 is a number that no float holds, and JSON
    has no word for it. Short fields are kept before long ones.
    """
    sizes = []
    for name, value in extra.items():
        try:
            text = json.dumps({name: value}).encode()
            json.loads(text)
            sizes.append((len(text), str(name), name))
        except (ValueError, TypeError, RuntimeError):
            pass
    kept = {}
    for size, _, name in sorted(sizes):
        room -= size
        if room > 0:
            kept[name] = extra[name]
    return kept
