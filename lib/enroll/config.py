"""enroll.json -> Config. Every mistake is one EnrollError("configuration") that names the key and what it wants.

What a section may hold is a table: for each key its name, a flag and a letter. The flag is `!` where the key must be
given, `@` where the board's `identity()` gives it when it is left out, else `-`. The letter says what it wants: A, I
and P printable ASCII text, where I is short and kept with every record as what tells this device from others, and P is
private and becomes a Secret; for the others see _WANTS.
"""

import json
import os

from .errors import EnrollError, entry
from .url import plain, split

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_WANTS = const("""
U text
I printable ASCII text of up to 100 characters
h http(s)://host/path
H ["http(s)://host/path"]
Y YYYY-MM-DD
n hours between -24 and 24
s seconds, up to 86400
t true or false
{ an object {...}
N ["host:port"]
O [{...}]""")
_TABLE = const("provider!A url!h moved_from-H ca-U ntp-N earliest-Y store-U timeout-s retry-{ network-O %s-{")
_RETRY = const("first-s cap-s renew-s")
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
    """`text` begins with a key and the quote after it."""
    return EnrollError("configuration", "enroll.json: `" + text)


def _convert(value, kind: str):
    """`value` as it is kept, if it is what the letter `kind` says. Raises ValueError, TypeError or AttributeError."""
    if kind == "t":
        good = isinstance(value, bool)
    elif kind == "{":
        good = isinstance(value, dict)
    elif kind == "O":
        good = isinstance(value, list)
        for item in value:
            _convert(item, "{")
    elif kind in "HN":
        good = value and isinstance(value, list)
        value = [_convert(item, "h") if kind == "H" else _server(item) for item in value]
    elif kind in "ns":
        good = not isinstance(value, bool) and (-24 < value < 24 if kind == "n" else 0 < value <= 86400)
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


def _server(value: str) -> tuple[str, int]:
    """(host, port) of a time server."""
    _, host, port, path = split("http://" + value)
    if path != "/":
        raise ValueError
    return host, port if ":" in value else 123


def fields(data: dict, table: str, prefix: str = "") -> dict:
    """Check the object `data` against `table`; `prefix`: the key that `data` stands under.

    Returns {key: value} with every key of the table: None where it is left out, null or blank, "" where the board will
    give it. Raises EnrollError("configuration").
    """
    if prefix:
        prefix += "."
    found = {}
    for item in table.split(" "):
        key, flag, kind = item[:-2], item[-2], item[-1]
        value = data.get(key)
        if flag != "!" and (value is None or (flag == "-" and isinstance(value, str) and not value.strip())):
            found[key] = "" if flag == "@" else None
        else:
            try:
                found[key] = _convert(value, kind)
            except (ValueError, TypeError, AttributeError):
                missing = " is missing, it" if value is None else ""
                wanted = entry(_WANTS, kind) or "printable ASCII text"
                raise _wrong("%s%s`%s wants %s" % (prefix, key, missing, wanted))
    for key in data:
        if key not in found:
            raise _wrong("%s%s` is unknown" % (prefix, key))
    return found


def service(name: str):
    """The module of provider `name`: a plug-in that the configuration names, and nothing else loads one."""
    if isinstance(name, str) and name.isalpha() and not name[99:]:
        try:
            return __import__("enroll.providers." + name, None, None, (name,))
        except ImportError:
            pass
    raise _wrong("provider` wants the name of an installed service")


def parse(path: str):
    """The JSON in the file at `path`; a mistake in it is named with its line."""
    try:
        with open(path) as file:
            text = file.read()
            file.seek(0)
            where = ""
            try:
                data = json.load(file)
                again = json.dumps(data)
                for mark in "}],:":  # MicroPython does without them, and takes a key twice
                    if text.count(mark) != again.count(mark):
                        where = "a `%s` is missing or too much" % mark
            except (ValueError, RuntimeError):  # Runtime: nested too deeply
                where = "see line %d" % (text[: file.tell()].count("\n") + 1)
    except (OSError, ValueError) as error:
        raise EnrollError("configuration", "%s cannot be read" % path, error)
    if where:
        raise EnrollError("configuration", "%s: broken JSON, %s" % (path, where))
    return data


def read(path: str):
    """The JSON at `path`, or in its whole copy if power failed while it was written, see erase.py."""
    try:
        return parse(path)
    except EnrollError as error:
        try:
            return parse(path + ".whole")
        except EnrollError:
            raise error


class Config:
    """What enroll.json says: `provider` (name), `service` (its module), `url`, `moved_from` (URLs that the service had
    before), `ca` and `store` (paths), `ntp` ((host, port) pairs), `earliest` (Unix seconds, or None for the day of the
    build), `timeout`, `first` and `cap` (s), `network` (list of {"ssid", "password"}) and `section` (the provider's own
    keys; those that must not be printed are Secrets).
    """

    def __init__(self, data: dict, path: str = "") -> None:
        """Check `data`, the parsed JSON. `path`: the file it came from, which `ca` and `store` are relative to.

        Raises EnrollError("configuration").
        """
        name = data.get("provider", "") if isinstance(data, dict) else ""
        self.path = path
        self.provider = name
        self.service = service(name)
        found = fields(data, _TABLE % name)
        self.url = found["url"]
        self.moved_from = found["moved_from"] or []
        self.ca = found["ca"] and self._beside(found["ca"])
        self.store = self._beside(found["store"] or "state")
        self.ntp = found["ntp"] or [("pool.ntp.org", 123)]
        self.earliest = found["earliest"]
        self.timeout = found["timeout"] or 20
        retry = fields(found["retry"] or {}, _RETRY, "retry")
        self.first = retry["first"] or 5
        self.renew = retry["renew"] or 28800
        self.cap = retry["cap"] or max(900, self.first)
        if self.cap < self.first:
            raise _wrong("retry.cap` wants at least `retry.first`")
        self.network = []
        for item in found["network"] or ():
            self.network.append(fields(item, _NETWORK, "network"))
        if self.url[4] == "s" or self.ca:
            try:
                os.stat(self.ca)
            except (OSError, TypeError):
                raise _wrong("ca` wants a file, https needs it")
        self.section = fields(found[name] or {}, self.service.TABLE, name)
        self.complete(None)

    def _beside(self, name: str) -> str:
        return name if name[:1] == "/" else self.path[: self.path.rfind("/") + 1] + name

    @staticmethod
    def load(path: str) -> "Config":
        """Read the configuration at `path`. Raises EnrollError("configuration")."""
        return Config(read(path), path)

    def complete(self, values: dict | None) -> None:
        """Fill in what the device knows of itself, the `values` of the port's `identity` (None: it was not asked yet).

        Raises EnrollError if it lacks something, and for what the provider says of several keys together.
        """
        for item in self.service.TABLE.split(" "):
            key = item[:-2]
            if self.section[key] == "" and values is not None:
                self.section.update(fields({key: values.get(key)}, key + "!" + item[-1], self.provider))
        check = getattr(self.service, "check", None)
        wrong = check and check(self.section)
        if wrong:
            raise _wrong(self.provider + "." + wrong)
