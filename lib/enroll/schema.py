"""Checks what enroll.json says, which reader.py has read.

Every mistake is one EnrollError("configuration") that names the key and what it wants.

What a section may hold is a table: for each key its name, a flag and a letter. The flag is `!` where the key must be
given, `@` where the board's `identity()` gives it when it is left out, else `-`. The letter says what it wants: A, I
and P printable ASCII text, where I is short and kept with every record as what tells this device from others, and P is
private and becomes a Secret; for the others see _WANTS.

A boot needs this module for a moment: Config unloads it. Whoever needs it later imports it then.
"""

import os
from binascii import unhexlify

from .config import Secret
from .errors import EnrollError, entry
from .url import plain, split

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

    from .config import Config

_WANTS = const("""
A printable ASCII text
I printable ASCII text of up to 100 characters
P printable ASCII text
U text
W text of up to 32 bytes
K 8 to 63 bytes or 64 hex digits
h http(s)://host/path
H ["http(s)://host/path"]
Y YYYY-MM-DD
n hours between -24 and 24
s seconds from 1 to 86400
t true or false
4 an address like 192.168.1.1
5 an address like 192.168.1.5/24
{ an object {...}
N ["host:port"]
O [{...}]""")
_TABLE = const("provider!A url!h moved_from-H ca-U ntp-N earliest-Y store-U timeout-s retry-{ network-O %s-{")
_RETRY = const("first-s cap-s renew-s")
_NETWORK = const("ssid-W password-K ip-5 gateway-4 dns-4")


def _wrong(text: str) -> EnrollError:
    """`text` begins with a key and the quote after it."""
    return EnrollError("configuration", "enroll.json: `" + text)


def _address(value: str) -> tuple[int, int]:
    """(address, mask of its host part) of "192.168.1.5/24", the IPv4 address of one device. Raises ValueError."""
    address, _, prefix = value.partition("/")
    number = 0
    parts = address.split(".")
    for part in parts + [prefix]:
        if str(int(part)) != part or int(part) > 255:
            raise ValueError
        number = number << 8 | int(part)
    mask = (1 << 32 - int(prefix)) - 1
    number >>= 8
    if (
        len(parts) != 4
        or not 2 < mask < 1 << 31
        or not 0 < number & mask < mask
        or number >> 24 in (0, 127)
        or number >> 29 == 7
    ):
        raise ValueError
    return number, mask


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
        _address(value if kind == "5" else value + "/1")
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
        wanted = entry(_WANTS, kind)
        if not key or flag not in "!@-" or not wanted:
            raise EnrollError("configuration", "`%s` in a provider's TABLE: correct that" % item)
        value = data.get(key)
        blank = isinstance(value, str) and not (value if kind == "K" else value.strip())
        if flag != "!" and (value is None or (flag == "-" and blank)):
            found[key] = "" if flag == "@" else None
        else:
            try:
                found[key] = _convert(value, kind)
            except (ValueError, TypeError, AttributeError):
                missing = " is missing, it" if value is None else ""
                raise _wrong("%s%s`%s wants %s" % (prefix, key, missing, wanted))
    for key in data:
        if key not in found:
            raise _wrong("%s%s` is unknown" % (prefix, key))
    return found


def service(name: "Any") -> "Any":
    """The module of provider `name`. Raises EnrollError("configuration")."""
    if isinstance(name, str) and name.isalpha() and name.islower() and not name[99:]:
        try:
            return __import__("enroll.providers." + name, None, None, (name,))
        except MemoryError:
            raise
        except Exception as error:  # whatever a plug-in raises that is broken, or lacks what it imports
            if "providers.%s'" % name not in str(error):
                raise EnrollError("configuration", "provider %s: %s %s" % (name, type(error).__name__, error))
    wanted = "provider` wants an installed one"
    try:
        names = {file.split(".")[0] for file in os.listdir(__file__.rpartition("/")[0] + "/providers")}
        wanted += ": " + ", ".join(sorted([name for name in names if "_" not in name]))
    except (OSError, NameError):  # they are frozen into the firmware
        pass
    raise _wrong(wanted)


def _network(item: dict) -> dict:
    """A network as the port's `connect` takes it. Raises EnrollError("configuration")."""
    found = fields(item, _NETWORK, "network")
    ip = found["ip"]
    gateway = found["gateway"]
    good = found["ssid"] or (ip and not found["password"])
    if gateway or found["dns"]:
        good = good and ip
    if good and gateway:
        number, mask = _address(ip)
        good = 0 < _address(gateway + "/1")[0] ^ number <= mask
    if not good:
        raise _wrong("network` wants `ssid`, or for Ethernet `ip`; `gateway` and `dns` want `ip`, `gateway` its subnet")
    return found


def fill(config: "Config", data: "Any") -> None:
    """Make `data`, the parsed JSON, the values of `config`, whose `path` is set. Raises EnrollError."""
    name = data.get("provider") if isinstance(data, dict) else None
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
