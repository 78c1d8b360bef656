"""Checks the values of enroll.json after reader.py has parsed it.

Every mistake raises EnrollError("configuration") that names the key and what it must be.

A table describes the keys of a section. Each item has a key, a flag and a letter. The flag: `!` for a required key, `@`
for one that the board's `identity()` fills in if it is left out, `-` for an optional one. The letter says what the
value must be. A, I and P: printable ASCII text. An I is short; it is one of the values that tell this device from
others, and is stored with every record. A P is private and becomes a Secret. mistakes.py describes the other letters.

A boot needs this module only briefly: Config unloads it. Later users import it again.
"""

import os

from .config import Secret, provider
from .url import plain, split

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

    from .config import Config

    path: str  # of the file whose values are checked; mistakes.py reads it

_LETTERS = const(b"AIPUhN{LWKtnsY45SRHOBD/")
_IDENTITY = const(73)  # I
_PRIVATE = const(80)  # P
_UNICODE = const(85)  # U
_OBJECT = const(123)  # {
_URL = const(104)  # h
_SERVERS = const(78)  # N
_NETWORKS = const(76)  # L
_SSID = const(87)  # W
_PASSWORD = const(75)  # K
_TABLE = const(
    "provider!A url!h moved_from-H ca-U ntp-N earliest-Y store-S timeout-s retry-R network-L portal-{ mqtt-{ %s-{"
)
_NETWORK = const("ssid-W password-K ip-5 gateway-4 dns-4")


def convert(value: "Any", kind: int) -> "Any":
    """Check `value` against a table's letter, whose code is `kind`, and return it as Config holds it.

    Raises ValueError, TypeError or AttributeError; EnrollError("configuration") for a mistake inside an object.
    """
    if kind == _OBJECT:
        good: Any = isinstance(value, dict)
    elif kind == _URL:
        good = "?" not in split(value)[3]
        value = value.rstrip("/")
    elif kind == _SERVERS:
        good = isinstance(value, list) and value
        servers = []
        for item in value:
            _, host, port, path = split("http://" + item)
            good = good and path == "/"
            servers.append((host, port if ":" in item else 123))
        value = servers
    elif kind == _NETWORKS:
        good = isinstance(value, list)
        networks = []
        for item in value:
            found = fields(item, _NETWORK, "network")
            networks.append(found)
            if found["gateway"] or found["dns"] or not found["ssid"]:
                from .ipv4 import check

                check(found)
        value = networks
    elif kind in b"WK":
        raw = value.encode()
        if kind == _SSID:
            good = len(raw) < 33 and min(raw)  # min: there is a byte, and none is zero
        else:
            from binascii import unhexlify

            good = min(raw) > 31 and (7 < len(raw) < 64 or len(unhexlify(raw)) == 32)
            value = Secret(value)
    elif kind in b"AIPU":
        good = value.strip() and (kind == _UNICODE or plain(value, 32)) and not (kind == _IDENTITY and value[100:])
        if kind == _PRIVATE:
            value = Secret(value)
    else:
        from . import values

        return values.convert(value, chr(kind))
    if good:
        return value
    raise ValueError


def fields(data: dict, table: str, section: str = "") -> dict:
    """Check the object `data` against `table`. `section`: the key of `data` in enroll.json, "" at the top.

    Returns {key: value} with every key of the table. A value is None if the key is left out, null or blank; "" if the
    board is to fill it in. Raises EnrollError("configuration").
    """
    if section:
        section += "."
    found = {}
    for item in table.split(" "):
        key, flag, kind = item[:-2], item[-2:-1], ord(item[-1:] or " ")
        value = data.get(key)
        try:
            if not key or flag not in "!@-" or kind not in _LETTERS:
                raise ValueError
            blank = isinstance(value, str) and not (value if kind == _PASSWORD else value.strip())
            if flag != "!" and (value is None or (flag == "-" and blank)):
                found[key] = "" if flag == "@" else None
            else:
                found[key] = convert(value, kind)
        except (ValueError, TypeError, AttributeError):
            from .mistakes import invalid

            raise invalid(section, item, value)
    for key in data:
        if key not in found:
            from .mistakes import invalid  # another name here would take 1 KB: MicroPython's table of names doubles

            raise invalid(section, key, None, True)
    return found


def service(name: "Any") -> "Any":
    """The module of provider `name`. Raises EnrollError("configuration")."""
    error = None
    if isinstance(name, str) and name.isalpha() and name.islower() and not name[99:]:
        try:
            found = provider(name)
            found.TABLE  # noqa: B018  # an empty folder imports, but has no TABLE
            return found
        except MemoryError:
            raise
        except Exception as caught:  # a broken provider may raise anything
            error = caught
    from . import mistakes

    raise mistakes.provider(name, error)


def fill(config: "Config", data: "Any") -> None:
    """Check `data`, the parsed JSON, and set the values of `config`, whose `path` is set. Raises EnrollError."""
    global path
    path = config.path
    name: Any = data.get("provider") if isinstance(data, dict) else None
    config.service = service(name)
    config.provider = name
    found = fields(data, _TABLE % name)
    config.url = found["url"]
    config.moved_from = found["moved_from"] or []
    folder = path[: path.rfind("/") + 1]
    store = found["store"] or "state"
    config.store = store if store[0] == "/" else folder + store
    config.ntp = found["ntp"] or [("pool.ntp.org", 123)]
    config.earliest = found["earliest"]
    config.timeout = found["timeout"] or 20
    config.first, config.cap, config.renew = found["retry"] or (5, 900, 28800)
    config.network = found["network"] or []
    ca = found["ca"]
    config.ca = ca if not ca or ca[0] == "/" else folder + ca
    if ca or config.url[4] == "s":
        try:
            os.stat(config.ca)
        except (OSError, TypeError):
            from . import mistakes

            raise mistakes.ca(config.ca)
    config.section = fields(found[name] or {}, config.service.TABLE, name)
    complete(config)


def complete(config: "Config", values: dict | None = None) -> None:
    """Fill in `values`, what the port's `identity` returns, if given. Then let the provider check that the keys fit
    together. Raises EnrollError("configuration").
    """
    global path
    path = config.path
    section = config.section
    if values is not None:
        for item in config.service.TABLE.split(" "):
            key = item[:-2]
            if section[key] == "":
                section.update(fields({key: values.get(key)}, key + "!" + item[-1], config.provider))
    check = getattr(config.service, "check", None)
    text = check and check(section)
    if text:
        from .mistakes import wrong

        raise wrong(config.provider + "." + text)
