"""enroll.json -> Config. Every mistake is one EnrollError("configuration") that names the key and what it wants.

What a section may hold is a table: for each key its name, a flag and a letter. The flag is `!` where the key must be given, `@`
where the board's `identity()` gives it when it is left out, else `-`. The letter says what it wants:
"""

import json
import os

from .errors import EnrollError
from .url import split

_WANTS = """\
A printable ASCII text
P printable ASCII text
U text
h http(s)://host/path in printable ASCII
Y YYYY-MM-DD
n a number
s seconds, above 0 and up to 86400
t true or false
{ an object {...}
[ a list of texts
O a list of objects"""  # P: private, becomes a Secret
_TABLE = "provider!A url!h ca-U ntp-[ earliest-Y store-U timeout-s retry-{ network-O"
_RETRY = "first-s cap-s"
_NETWORK = "ssid!U password-P"


class Device:
    """Stands for a value that the board will give."""


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
    """`value` as it is kept, if it is what the letter `kind` says. Raises ValueError."""
    good = isinstance(value, {"[": list, "O": list, "{": dict, "t": bool, "n": (int, float), "s": (int, float)}.get(kind, str))
    if kind in "ns":
        good = good and not isinstance(value, bool) and (kind == "n" or 0 < value <= 86400)
    elif kind in "[O":
        good = good and not [v for v in value if not isinstance(v, str if kind == "[" else dict)]
    elif kind not in "{t":
        good = good and value.strip() and (kind == "U" or not [c for c in value if not " " <= c <= "~"])
    if not good:
        raise ValueError
    if kind == "P":
        return Secret(value)
    if kind == "Y":
        from .clock import iso_date

        return iso_date(value)
    if kind == "h":
        split(value)
        return value.rstrip("/")
    return value


def fields(data: dict, table: str, prefix: str = "") -> dict:
    """Check the object `data` against `table`; `prefix` stands before its keys in messages.

    Returns {key: value} with every key of the table: None where it is left out, null or blank, Device where the board gives
    it. Raises EnrollError("configuration").
    """
    found = {}
    for item in table.split(" "):
        key, flag, kind = item[:-2], item[-2], item[-1]
        value = data.get(key)
        if flag != "!" and (value is None or flag == "-" and isinstance(value, str) and not value.strip()):
            found[key] = Device if flag == "@" else None
        else:
            try:
                found[key] = _convert(value, kind)
            except ValueError:
                wants = _WANTS[_WANTS.find("\n" + kind) + 1 :].split("\n")[0]
                raise _wrong("`%s%s` wants %s" % (prefix, key, wants[2:]))
    for key in data:
        if key not in found:
            raise _wrong("unknown key `%s%s`" % (prefix, key))
    return found


def service(name: str):
    """The module of provider `name`. It is a plug-in that the configuration names; this is the only place that loads one."""
    try:
        return __import__("enroll.providers." + name, None, None, ("TABLE",))
    except ImportError:
        raise _wrong("`provider` names no service that is installed")


def _parse(path: str) -> dict:
    """The JSON object in the file at `path`; a mistake in it is named with its line."""
    try:
        with open(path) as file:
            text = file.read()
        file = open(path)
    except (OSError, ValueError) as error:
        raise EnrollError("configuration", "%s cannot be read (%s)" % (path, error))
    with file:
        try:
            data = json.load(file)
            if isinstance(data, dict) and text.rstrip()[-1] == "}":  # MicroPython takes the end of the text for a brace
                return data
        except (ValueError, RuntimeError):
            pass
        line = text[: file.tell()].count("\n") + 1
    raise EnrollError("configuration", "%s: broken JSON, see line %d" % (path, line))


def _exists(path: str) -> bool:
    try:
        os.stat(path)
        return True
    except OSError:
        return False


class Config:
    """What enroll.json says: `provider` (name), `service` (its module), `url`, `ca` and `store` (paths), `ntp` ((host, port)
    pairs), `earliest` (Unix seconds, or None for the day of the build), `timeout`, `first` and `cap` (s), `network` (list
    of {"ssid", "password"}) and `section` (the provider's own keys; those that must not be printed are Secrets).
    """

    def __init__(self, data: dict, path: str = "") -> None:
        """Check `data`, the parsed JSON. `path`: the file it came from, which `ca` and `store` are relative to.

        Raises EnrollError("configuration").
        """
        name = data.get("provider")
        found = fields(data, _TABLE if name is None else "%s %s-{" % (_TABLE, name))
        self.path = path
        self.provider = name
        self.service = service(name)
        self.url = found["url"]
        self.earliest = found["earliest"]
        self.timeout = found["timeout"] or 20
        folder = path[: path.rfind("/") + 1]
        self.store, self.ca = [
            folder + where if where and where[0] != "/" else where for where in (found["store"] or "state", found["ca"])
        ]
        retry = fields(found["retry"] or {}, _RETRY, "retry.")
        self.first = retry["first"] or 5
        self.cap = max(retry["cap"] or 900, self.first)
        self.network = [fields(item, _NETWORK, "network.") for item in found["network"] or ()]
        self.ntp = []
        for where in found["ntp"] or ["pool.ntp.org"]:
            try:
                _, host, port, rest = split("http://" + where)
                if rest != "/":
                    raise ValueError
            except ValueError:
                raise _wrong('`ntp` wants ["host", "host:port"]')
            self.ntp.append((host, port if ":" in where else 123))
        if self.url[4] == "s" and not (self.ca and _exists(self.ca)):
            raise _wrong("`ca` wants a file that is there, because `url` is https")
        self.section = fields(found[name] or {}, self.service.TABLE, name + ".")
        self._check()

    @classmethod
    def load(cls, path: str) -> "Config":
        """Read the configuration at `path`. Raises EnrollError("configuration")."""
        try:
            return cls(_parse(path), path)
        except EnrollError:
            if not _exists(path + "~"):
                raise
            return cls(_parse(path + "~"), path)

    def complete(self, identity: dict) -> None:
        """Fill in what the device knows of itself: `identity` is the port's. Raises EnrollError if something still lacks."""
        for item in self.service.TABLE.split(" "):
            key = item[:-2]
            if self.section[key] is Device:
                if not identity.get(key):
                    raise _wrong("`%s.%s` is missing, and this board has none" % (self.provider, key))
                self.section[key] = _convert(identity[key], item[-1])

    def erase_used(self) -> bool:
        """Take a secret that works once out of the file, now that it has worked. Returns whether nothing is left of it.

        Blanks of the same length take its place; a whole copy stands beside the file meanwhile, which `load` falls back to
        when power fails.
        """
        key = getattr(self.service, "ONE_TIME", "")
        value = self.section.get(key)
        if not (value and self.path):
            return True
        try:
            with open(self.path) as file:
                text = file.read()
            quoted = json.dumps(value.reveal())
            erased = text.replace(quoted, '"' + " " * (len(quoted) - 2) + '"')
            copy = self.path + "~"
            for path, mode in ((copy, "w"), (self.path, "r+")):
                with open(path, mode) as file:
                    file.write(erased)
            os.remove(copy)
        except OSError:
            return False
        self.section[key] = None
        return erased != text

    def _check(self) -> None:
        """What the provider says of several keys together."""
        wrong = self.service.check(self.section)
        if wrong:
            raise _wrong("`%s.%s" % (self.provider, wrong))
