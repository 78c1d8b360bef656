"""enroll.json -> Config. Every mistake is one EnrollError("configuration") that names the key and what it wants.

What a section may hold is a table: for each key its name, a flag and a letter. The flag is `!` where the key must be
given, `@` where the board's `identity()` gives it when it is left out, else `-`. The letter says what it wants: A, I
and P printable ASCII text, where I is short and kept with every record as what tells this device from others, and P is
private and becomes a Secret; for the others see _WANTS.
"""

import json
import os

from micropython import const

from .errors import EnrollError, entry
from .url import plain, split

_WANTS = const("""
U text
I printable ASCII text of up to 100 characters
h http(s)://host/path
Y YYYY-MM-DD
n hours between -24 and 24
s seconds, up to 86400
t true or false
{ an object {...}
N a list ["host:port"]
O a list [{...}]""")
_TABLE = const("provider!A url!h ca-U ntp-N earliest-Y store-U timeout-s retry-{ network-O")
_RETRY = const("first-s cap-s")
_NETWORK = const("ssid!U password-P")


class Secret:
    """A text that is not printed: only `reveal()` gives it away."""

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "***"


def _wrong(text: str) -> EnrollError:
    return EnrollError("configuration", "enroll.json: " + text)


def _convert(value, kind: str):
    """`value` as it is kept, if it is what the letter `kind` says. Raises ValueError or TypeError."""
    if isinstance(value, str):
        good = value.strip() and (kind == "U" or (kind in "AIPhY" and plain(value, 32)))
    elif isinstance(value, bool):
        good = kind == "t"
    elif isinstance(value, dict):
        good = kind == "{"
    elif isinstance(value, list):
        good = (kind == "N" and value) or (kind == "O" and not [item for item in value if not isinstance(item, dict)])
    else:
        good = (kind == "n" and -24 < value < 24) or (kind == "s" and 0 < value <= 86400)
    if not good or (kind == "I" and value[100:]):
        raise ValueError
    if kind == "P":
        return Secret(value)
    if kind == "Y":
        from .dates import iso_date

        return iso_date(value)
    if kind == "h":
        if "?" in split(value)[3]:
            raise ValueError
        return value.rstrip("/")
    if kind == "N":
        return [_server(where) for where in value]
    return value


def _server(where: str) -> tuple[str, int]:
    """(host, port) of a time server."""
    _, host, port, path = split("http://" + where + ("" if ":" in where else ":123"))
    if path != "/":
        raise ValueError
    return host, port


def fields(data: dict, table: str, prefix: str = "") -> dict:
    """Check the object `data` against `table`; `prefix` stands before its keys in messages.

    Returns {key: value} with every key of the table: None where it is left out, null or blank, "" where the board will
    give it. Raises EnrollError("configuration").
    """
    if not isinstance(data, dict):
        raise _wrong("`%s` wants an object" % prefix)
    found = {}
    for item in table.split(" "):
        key, flag, kind = item[:-2], item[-2], item[-1]
        value = data.get(key)
        if flag != "!" and (value is None or (flag == "-" and isinstance(value, str) and not value.strip())):
            found[key] = "" if flag == "@" else None
        else:
            try:
                found[key] = _convert(value, kind)
            except (ValueError, TypeError):
                lacks = "is missing, it wants" if value is None else "wants"
                raise _wrong("`%s%s` %s %s" % (prefix, key, lacks, entry(_WANTS, kind) or "printable ASCII text"))
    for key in data:
        if key not in found:
            raise _wrong("unknown key `%s%s`" % (prefix, key))
    return found


def service(name: str):
    """The module of provider `name`: a plug-in that the configuration names, and nothing else loads one."""
    try:
        return __import__("enroll.providers." + name, None, None, ("TABLE",))
    except ImportError:
        raise _wrong("`provider` wants the name of an installed service")


def _parse(path: str):
    """The JSON in the file at `path`; a mistake in it is named with its line."""
    try:
        with open(path) as file:
            text = file.read()
            file.seek(0)
            try:
                data = json.load(file)
            except ValueError:
                where = "see line %d" % (text[: file.tell()].count("\n") + 1)
            else:
                again = json.dumps(data)
                for mark in (":", ",", "]", "}"):  # MicroPython does without them, and takes a key twice
                    if text.count(mark) != again.count(mark):
                        where = "a `%s` is missing or too much" % mark
                        break
                else:
                    return data
            raise EnrollError("configuration", "%s: broken JSON, %s" % (path, where))
    except (OSError, ValueError) as error:
        raise EnrollError("configuration", "%s cannot be read" % path, error)


class Config:
    """What enroll.json says: `provider` (name), `service` (its module), `url`, `ca` and `store` (paths), `ntp` ((host,
    port) pairs), `earliest` (Unix seconds, or None for the day of the build), `timeout`, `first` and `cap` (s),
    `network` (list of {"ssid", "password"}) and `section` (the provider's own keys; those that must not be printed are
    Secrets).
    """

    def __init__(self, data: dict, path: str = "") -> None:
        """Check `data`, the parsed JSON. `path`: the file it came from, which `ca` and `store` are relative to.

        Raises EnrollError("configuration").
        """
        name = data.get("provider") if isinstance(data, dict) else None
        if not isinstance(name, str) or not name.isalpha():
            raise _wrong("`provider` wants the name of an installed service")
        self.path = path
        self.provider = name
        self.service = service(name)
        found = fields(data, _TABLE + " " + name + "-{")
        self.url = found["url"]
        self.ca = self._beside(found["ca"] or "")
        self.store = self._beside(found["store"] or "state")
        self.ntp = found["ntp"] or [("pool.ntp.org", 123)]
        self.earliest = found["earliest"]
        self.timeout = found["timeout"] or 20
        retry = fields(found["retry"] or {}, _RETRY, "retry.")
        self.first = retry["first"] or 5
        self.cap = retry["cap"] or max(900, self.first)
        if self.cap < self.first:
            raise _wrong("`retry.cap` wants at least `retry.first`")
        self.network = [fields(item, _NETWORK, "network.") for item in found["network"] or ()]
        if self.url[4] == "s" or found["ca"]:
            try:
                os.stat(found["ca"] and self.ca)
            except (OSError, TypeError):
                raise _wrong("`ca` wants a file, https needs it")
        self.section = fields(found[name] or {}, self.service.TABLE, name + ".")
        self._check()

    def _beside(self, name: str) -> str:
        return name if name[:1] == "/" else self.path[: self.path.rfind("/") + 1] + name

    @classmethod
    def load(cls, path: str) -> "Config":
        """Read the configuration at `path`. Raises EnrollError("configuration")."""
        try:
            data = _parse(path)
        except EnrollError as error:
            try:
                data = _parse(path + ".whole")  # power failed while `path` was written, see erase.py
            except EnrollError:
                raise error
        return cls(data, path)

    def complete(self, identity: dict) -> None:
        """Fill in what the device knows of itself, the port's `identity`. Raises EnrollError if it lacks something."""
        for item in self.service.TABLE.split(" "):
            key = item[:-2]
            if self.section[key] == "":
                self.section.update(fields({key: identity.get(key)}, key + "!" + item[-1], self.provider + "."))
        self._check()

    def _check(self) -> None:
        """What the provider says of several keys together."""
        check = getattr(self.service, "check", None)
        wrong = check and check(self.section)
        if wrong:
            raise _wrong("`%s.%s" % (self.provider, wrong))
