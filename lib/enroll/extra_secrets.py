"""Finds further secrets in an answer, such as a password for MQTT or another service's key, and hides them."""

import json

from .config import Secret

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from .credential import Credential

# A field is secret if its name contains one of _PARTS or ends with one of _ENDS; case and trailing digits do not count.
_PARTS = const(("pass", "pwd", "secret", "credential"))
_ENDS = const(("token", "key", "keys", "pin", "psk"))


def seal(credential: "Credential") -> None:
    """Turn every secret in the `extra` of `credential`, at any depth, into a Secret; on the next call, back again."""
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
    name = str(name).lower()  # MicroPython's json also accepts numbers as keys
    for part in _PARTS:
        if part in name:
            return True
    return name.rstrip("0123456789").endswith(_ENDS)


def encode(credential: "Credential", most: int) -> bytes:
    """The body of the record of `credential`, at most `most` bytes: what `Credential.encode` leaves to this module."""
    if credential._sealed:
        seal(credential)
        text = credential.encode()
        seal(credential)
        return text
    body = [credential.device_id, credential.secret.reveal(), {}, credential.renewed]
    body[2] = credential._extra = readable(credential._extra, most - len(json.dumps(body)))
    return json.dumps(body).encode()


def readable(extra: dict, room: int) -> dict:
    """The fields of `extra` that can be read back and fit into `room` bytes, the short ones first. 1e999, for example,
    becomes an infinite float, which JSON cannot express.
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
