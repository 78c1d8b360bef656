"""The values of enroll.json. reader.py reads them, schema.py knows what they may be."""

import sys

if False:  # for type hints only
    from typing import Any


def unload(*names: str) -> None:
    """Forget modules of this package, by name, so that their heap is given back once nothing uses them any more.

    They are imported again when they are next needed. Nothing happens to one that is not loaded.
    """
    for name in names:
        parent, name = ("enroll." + name).rsplit(".", 1)
        sys.modules.pop(parent + "." + name, None)
        sys.modules[parent].__dict__.pop(name, None)


def provider(name: str) -> "Any":
    """The module of provider `name`: a plug-in that the configuration names, and nothing else loads one."""
    return __import__("enroll.providers." + name, None, None, (name,))


class Secret:
    """A text that is not printed: only `reveal()` gives it away."""

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "***"


class Config:
    """What enroll.json says."""

    provider: str  # its name
    service: "Any"  # its module
    url: str
    moved_from: "list[str]"  # what `url` was before
    ca: "str | None"  # path
    store: str  # path
    ntp: "list[tuple[str, int]]"  # (host, port)
    earliest: "int | None"  # Unix seconds; None: the day of the build
    timeout: float  # s, as the three that follow
    first: float
    cap: float
    renew: float
    network: "list[dict]"  # ssid, password (a Secret), ip ("192.168.1.5/24"), gateway, dns; None where one is left out
    section: "dict[str, Any]"  # the provider's own keys; those that must not be printed are Secrets

    def __init__(self, data: "Any", path: str = "") -> None:
        """Check `data`, the parsed JSON. `path`: the file it came from, which `ca` and `store` are relative to.

        Raises EnrollError("configuration").
        """
        from .schema import fill

        self.path = path
        fill(self, data)
        unload("schema", "values", "ipv4", "httpdate")

    @staticmethod
    def load(path: str) -> "Config":
        """Read the configuration at `path`. Raises EnrollError("configuration")."""
        from . import reader

        data = reader.read(path)
        del reader
        unload("reader", "scalars")  # before schema.py is there too
        return Config(data, path)

    def complete(self, values: dict) -> None:
        """Fill in what the device knows of itself, the `values` of the port's `identity`.

        Raises EnrollError("configuration") if it lacks something, and for what the provider says of several keys
        together.
        """
        if "" in self.section.values():
            from .schema import complete

            complete(self, values)
            unload("schema", "values")
