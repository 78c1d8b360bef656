"""enroll.json -> Config. Every mistake is one EnrollError("configuration") that names the key and what it wants."""

import json
import os

from .errors import EnrollError
from .url import split

REQUIRED = ...  # default of a key that must be given
DEVICE = object()  # default of a key that the board's `identity()` fills in when it is left out


class Secret:
    """A text that is not printed: only `reveal()` gives it away."""

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "***"


# Checks: each returns the value to keep, or raises ValueError with what is wanted.


def text(value: object) -> str:
    """Printable ASCII, at least one character: fit for a header, a URL and a log."""
    if isinstance(value, str) and value.strip() and all([" " <= c <= "~" for c in value]):
        return value
    raise ValueError("a text of printable ASCII that is not empty")


def secret(value: object) -> Secret:
    """A text that must not be printed."""
    return Secret(text(value))


def number(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    raise ValueError("a number")


def seconds(value: object) -> float:
    if 0 < number(value) <= 86400:
        return value  # type: ignore[return-value]  # number() has looked at it
    raise ValueError("seconds, more than 0 and at most 86400")


def flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("true or false")


def mapping(value: object) -> dict:
    if isinstance(value, dict):
        return value
    raise ValueError("an object {...}")


def objects(value: object) -> list[dict]:
    """A list of objects."""
    if isinstance(value, list):
        return [mapping(item) for item in value]
    raise ValueError("a list of objects [{...}]")


def address(value: object) -> str:
    """An absolute http or https URL."""
    split(text(value))
    return text(value).rstrip("/")


def _date(value: object) -> int:
    from .clock import iso_date

    return iso_date(text(value))


def _servers(value: object) -> tuple[tuple[str, int], ...]:
    servers = []
    for name in value if isinstance(value, list) else ():
        host, _, port = text(name).partition(":")
        if host and (port or "123").isdigit() and 0 < int(port or 123) < 65536:
            servers.append((host, int(port or 123)))
        else:
            servers.clear()
            break
    if servers:
        return tuple(servers)
    raise ValueError('a list such as ["pool.ntp.org", "time.example.com:1123"]')


def _phrase(value: object) -> str:
    """Names of networks and their passwords are not limited to ASCII."""
    if isinstance(value, str) and value:
        return value
    raise ValueError("a text that is not empty")


def _network(value: object) -> list[dict]:
    table = {"ssid": (_phrase, REQUIRED), "password": (lambda value: Secret(_phrase(value)), None)}
    return [fields(item, table, "network.") for item in objects(value)]


def _retry(value: object) -> dict:
    retry = fields(value, {"first": (seconds, 5), "cap": (seconds, 900)}, "retry.")
    if retry["first"] > retry["cap"]:
        raise ValueError("`first` not to be above `cap`")
    return retry


_TABLE = {
    "provider": (text, REQUIRED),
    "url": (address, REQUIRED),
    "ca": (_phrase, None),
    "ntp": (_servers, (("pool.ntp.org", 123),)),
    "earliest": (_date, None),
    "store": (_phrase, "state"),
    "timeout": (seconds, 20),
    "retry": (_retry, {"first": 5, "cap": 900}),
    "network": (_network, ()),
}


def wrong(key: str, wants: object) -> EnrollError:
    """The error for a key whose value is not what it wants."""
    return EnrollError("configuration", "enroll.json: `%s` wants %s" % (key, wants))


def fields(data: object, table: dict, prefix: str = "") -> dict:
    """Check `data` against `table`, {key: (check, default)}, and return {key: value} with every key of the table.

    A null is as good as left out. `prefix` stands before the keys in messages. Raises EnrollError("configuration").
    """
    if not isinstance(data, dict):
        raise wrong(prefix[:-1] or "the file", "an object {...}")
    for key in data:
        if key not in table:
            raise EnrollError("configuration", "enroll.json: unknown key `%s%s`: remove it or correct its name" % (prefix, key))
    found = {}
    for key, (check, default) in table.items():
        value = data.get(key)
        if value is None:
            if default is REQUIRED:
                raise EnrollError("configuration", "enroll.json: `%s%s` is missing" % (prefix, key))
            found[key] = default
        else:
            try:
                found[key] = check(value)
            except ValueError as error:
                raise wrong(prefix + key, error)
    return found


def service(name: str):
    """The module of provider `name`. It is a plug-in that the configuration names; this is the only place that loads one."""
    try:
        if name.isalpha() or name.replace("_", "").isalpha():
            return __import__("enroll.providers." + name, None, None, ("FIELDS",))
    except ImportError:
        pass
    raise wrong("provider", "the name of a service that is installed: there is no enroll/providers/%s.py" % name)


def _parse(path: str) -> dict:
    """The JSON object in the file at `path`; a mistake in it is named with its line."""
    try:
        with open(path) as stream:
            content = stream.read()
    except OSError as error:
        raise EnrollError("configuration", "%s cannot be read (%s): is the file there?" % (path, error))
    except ValueError:
        raise EnrollError("configuration", "%s is not UTF-8" % path)
    try:
        data = json.loads(content)
        if content.rstrip().endswith("}"):  # MicroPython's parser takes the end of the text for a closing brace
            return data
        line = content.count("\n") + 1
    except (ValueError, RuntimeError):
        with open(path) as stream:
            try:
                json.load(stream)
            except (ValueError, RuntimeError):
                pass
            line = content[: stream.tell()].count("\n") + 1
    raise EnrollError("configuration", "%s: broken JSON in line %d" % (path, line))


class Config:
    """What enroll.json says: `provider` (name), `service` (its module), `url`, `ca` and `store` (paths), `ntp` ((host, port)
    pairs), `earliest` (Unix seconds or None for the day of the build), `timeout` (s), `retry` ({"first", "cap"}, s),
    `network` (list of {"ssid", "password"}) and `section` (the provider's own keys; a Secret each that must not be printed).
    """

    def __init__(self, data: object, folder: str = "") -> None:
        """Check `data`, the parsed JSON. `folder`: what `ca` and `store` are relative to ("" or with a slash at its end).

        Raises EnrollError("configuration").
        """
        self._path = ""
        name = mapping(data).get("provider") if isinstance(data, dict) else None
        table = dict(_TABLE)
        if isinstance(name, str):
            self.service = service(name)
            table[name] = (mapping, {})
        found = fields(data, table)
        self.provider: str = found["provider"]
        self.url: str = found["url"]
        self.ntp = found["ntp"]
        self.earliest: int | None = found["earliest"]
        self.timeout: float = found["timeout"]
        self.retry = found["retry"]
        self.network = found["network"]
        self.store = _join(folder, found["store"])
        self.ca = _join(folder, found["ca"])
        if self.url.startswith("https"):
            self._check_ca()
        self.section = fields(found[self.provider], self.service.FIELDS, self.provider + ".")
        self._check_section()

    @classmethod
    def load(cls, path: str) -> "Config":
        """Read the configuration at `path`. Raises EnrollError("configuration")."""
        try:
            data = _parse(path)
        except EnrollError:
            if not _exists(path + "~"):
                raise
            data = _parse(path + "~")
        config = cls(data, path[: path.rfind("/") + 1])
        config._path = path
        return config

    def complete(self, identity: dict) -> None:
        """Fill in what the device itself knows: `identity` is the port's. Raises EnrollError if something still lacks."""
        for key, value in self.section.items():
            if value is DEVICE and identity.get(key):
                self.section[key] = self.service.FIELDS[key][0](identity[key])
        self._check_section(True)

    def erase_used(self) -> bool:
        """Take a secret that works once out of the file, now that it has worked. Returns whether nothing is left of it.

        Blanks of the same length take its place; a whole copy stands beside the file meanwhile, which `load` falls back to
        when power fails.
        """
        key = getattr(self.service, "ONE_TIME", "")
        value = self.section.get(key)
        if not (value and self._path):
            return True
        try:
            with open(self._path) as file:
                content = file.read()
            quoted = json.dumps(value.reveal())
            erased = content.replace(quoted, '"' + " " * (len(quoted) - 2) + '"')
            for path, mode in ((self._path + "~", "w"), (self._path, "r+")):
                with open(path, mode) as file:
                    file.write(erased)
            os.remove(self._path + "~")
        except OSError:
            return False
        self.section[key] = None
        return erased != content

    def _check_section(self, complete: bool = False) -> None:
        try:
            self.service.check(self.section)
        except ValueError as error:
            raise EnrollError("configuration", "enroll.json: " + self.provider + "." + str(error))
        for key, value in self.section.items():
            if complete and value is DEVICE:
                raise EnrollError("configuration", "enroll.json: `%s.%s` is missing, and this board has none" % (self.provider, key))

    def _check_ca(self) -> None:
        if not self.ca:
            raise wrong("ca", "a file with the certificate that the server's is checked against, because `url` is https")
        if not _exists(self.ca):
            raise wrong("ca", "a file that exists, not %s" % self.ca)


def _exists(path: str) -> bool:
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def _join(folder: str, path: str | None) -> str | None:
    return path if path is None or path.startswith("/") else folder + path
