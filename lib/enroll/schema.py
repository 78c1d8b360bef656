"""Checks what enroll.json says, which reader.py has read.

Every mistake is one EnrollError("configuration") that names the key and what it wants.

What a section may hold is a table: for each key its name, a flag and a letter. The flag is `!` where the key must be
given, `@` where the board's `identity()` gives it when it is left out, else `-`. The letter says what it wants: A, I
and P printable ASCII text, where I is short and kept with every record as what tells this device from others, and P is
private and becomes a Secret; for the others see mistakes.py.

A boot needs this module for a moment: Config unloads it. Whoever needs it later imports it then.
"""

import os
from binascii import unhexlify

from .config import Secret
from .errors import EnrollError
from .url import plain, split

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

    from .config import Config

_LETTERS = const("AIPUWKhHYnst45{NO")
_TABLE = const("provider!A url!h moved_from-H ca-U ntp-N earliest-Y store-U timeout-s retry-{ network-O %s-{")
_RETRY = const("first-s cap-s renew-s")
_NETWORK = const("ssid-W password-K ip-5 gateway-4 dns-4")


def _wrong(text: str) -> EnrollError:
    """`text` begins with a key and the quote after it."""
    return EnrollError("configuration", "enroll.json: `" + text)


def _server(value: str) -> tuple[str, int]:
    """(host, port) of a time server."""
    _, host, port, path = split("http://" + value)
    if path != "/":
        raise ValueError
    return host, port if ":" in value else 123


def _convert(value: "Any", kind: str) -> "Any":
    """`value` as it is kept, if it is what the letter `kind` says. Raises ValueError, TypeError or AttributeError."""
    good: Any = True
    if kind == "t":
        good = isinstance(value, bool)
    elif kind == "{":
        good = isinstance(value, dict)
    elif kind in "OHN":
        good = isinstance(value, list) and (value or kind == "O")
        value = [_server(item) if kind == "N" else _convert(item, "h" if kind == "H" else "{") for item in value]
    elif kind in "ns":
        good = not isinstance(value, bool) and (-24 < value < 24 if kind == "n" else 1 <= value <= 86400)
    elif kind in "45":
        from .ipv4 import address

        address(value if kind == "5" else value + "/1")
    elif kind in "WK":
        raw = value.encode()
        if kind == "W":
            good = 0 < len(raw) < 33 and min(raw)
        else:
            good = min(raw) > 31 and (7 < len(raw) < 64 or len(unhexlify(raw)) == 32)
            value = Secret(value)
    else:
        good = value.strip() and (kind == "U" or plain(value, 32)) and not (kind == "I" and value[100:])
        if kind == "P":
            value = Secret(value)
        elif kind == "h":
            good = "?" not in split(value)[3]
            value = value.rstrip("/")
        elif kind == "Y":
            from .dates import iso_date

            value = iso_date(value)
    if good:
        return value
    raise ValueError


def fields(data: dict, table: str, prefix: str = "") -> dict:
    """Check the object `data` against `table`; `prefix`: the key that `data` stands under.

    Returns {key: value} with every key of the table: None where it is left out, null or blank, "" where the board will
    give it. Raises EnrollError("configuration").
    """
    if prefix:
        prefix += "."
    found = {}
    for item in table.split(" "):
        key, flag, kind = item[:-2], item[-2:-1], item[-1:]
        if not key or flag not in "!@-" or kind not in _LETTERS:
            raise EnrollError("configuration", "`%s` in a provider's TABLE: correct that" % item)
        value = data.get(key)
        blank = isinstance(value, str) and not (value if kind == "K" else value.strip())
        if flag != "!" and (value is None or (flag == "-" and blank)):
            found[key] = "" if flag == "@" else None
        else:
            try:
                found[key] = _convert(value, kind)
            except (ValueError, TypeError, AttributeError):
                from .mistakes import wants

                raise wants(prefix + key, value, kind)
    for key in data:
        if key not in found:
            raise _wrong("%s%s` is unknown" % (prefix, key))
    return found


def service(name: "Any") -> "Any":
    """The module of provider `name`. Raises EnrollError("configuration")."""
    error = None
    if isinstance(name, str) and name.isalpha() and name.islower() and not name[99:]:
        try:
            return __import__("enroll.providers." + name, None, None, (name,))
        except MemoryError:
            raise
        except Exception as caught:  # whatever a plug-in raises that is broken, or lacks what it imports
            error = caught
    from .mistakes import provider

    raise provider(name, error)


def _network(item: dict) -> dict:
    """A network as the port's `connect` takes it. Raises EnrollError("configuration")."""
    found = fields(item, _NETWORK, "network")
    if found["gateway"] or found["dns"] or not found["ssid"]:
        from .ipv4 import suits

        if not suits(found):
            raise _wrong("network` wants `ssid`, or `ip` for Ethernet; `gateway` and `dns` want `ip`, and its subnet")
    return found


def fill(config: "Config", data: "Any") -> None:
    """Make `data`, the parsed JSON, the values of `config`, whose `path` is set. Raises EnrollError."""
    name: Any = data.get("provider") if isinstance(data, dict) else None
    config.service = service(name)
    config.provider = name
    found = fields(data, _TABLE % name)
    config.url = found["url"]
    config.moved_from = found["moved_from"] or []
    folder = config.path[: config.path.rfind("/") + 1]
    store = found["store"] or "state"
    if store[:4] == "nvs:" or (store[:5] == "/nvs/" and not 0 < len(store[5:].partition("/")[0]) < 16):
        raise _wrong("store` wants a path: in NVS it is /nvs/ and 1 to 15 characters")
    config.store = store if store[0] == "/" else folder + store
    config.ntp = found["ntp"] or [("pool.ntp.org", 123)]
    config.earliest = found["earliest"]
    config.timeout = found["timeout"] or 20
    retry = fields(found["retry"] or {}, _RETRY, "retry")
    config.first = retry["first"] or 5
    config.renew = retry["renew"] or 28800
    config.cap = retry["cap"] or max(900, config.first)
    if config.cap < config.first:
        raise _wrong("retry.cap` wants at least `retry.first`")
    config.network = [_network(item) for item in found["network"] or ()]
    ca = found["ca"]
    config.ca = ca if not ca or ca[0] == "/" else folder + ca
    if config.ca:
        try:
            os.stat(config.ca)
        except OSError:
            raise _wrong("ca` names %s, which is not there" % config.ca)
    elif config.url[4] == "s":
        raise _wrong("ca` is missing, https needs it")
    config.section = fields(found[name] or {}, config.service.TABLE, name)
    _together(config)


def _together(config: "Config") -> None:
    """Check what the provider says of several keys together."""
    check = getattr(config.service, "check", None)
    wrong = check and check(config.section)
    if wrong:
        raise _wrong(config.provider + "." + wrong)


def complete(config: "Config", values: dict) -> None:
    """Fill the `values` of the port's `identity` into `config`. Raises EnrollError("configuration")."""
    for item in config.service.TABLE.split(" "):
        key = item[:-2]
        if config.section[key] == "":
            config.section.update(fields({key: values.get(key)}, key + "!" + item[-1], config.provider))
    _together(config)
