"""The values of enroll.json. reader.py parses the file, schema.py checks the values."""

import sys

if False:  # for type hints only
    from typing import Any


def unload(*names: str) -> None:
    """Remove modules of this package, given by name, from sys.modules. That frees their heap once nothing uses them.

    The next import loads them again. Names that are not loaded are ignored. Without names it allocates nothing.

    Also removes modules that were about to be imported when the heap was full. MicroPython leaves their names in
    sys.modules without a value, and the next import of such a name would crash it.
    """
    modules = sys.modules
    for name in names:
        name = "enroll." + name
        modules.pop(name, None)
        parent, name = name.rsplit(".", 1)
        modules[parent].__dict__.pop(name, None)
    for name in modules:
        if modules.get(name) is None:
            modules.pop(name, None)
            return unload()  # from the start: the dict has changed


def provider(name: str) -> "Any":
    """Import and return the module of provider `name`. Only the provider that the configuration names is loaded."""
    return __import__("enroll.providers." + name, None, None, (name,))


class Secret:
    """A text that prints as ***; `reveal()` returns it."""

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "***"


class Config:
    """The checked values of enroll.json."""

    provider: str  # its name
    service: "Any"  # its module
    url: str
    moved_from: "list[str]"  # earlier values of `url`
    ca: "str | None"  # path
    store: str  # path
    ntp: "list[tuple[str, int]]"  # (host, port)
    earliest: "int | None"  # Unix seconds; None: the day of the build
    timeout: float  # seconds, as are the next three
    first: float
    cap: float
    renew: float
    network: "list[dict]"  # ssid, password (a Secret), ip ("192.168.1.5/24"), gateway, dns; None if one is left out
    section: "dict[str, Any]"  # the provider's own keys; private values are Secrets

    def __init__(self, data: "Any", path: str = "") -> None:
        """Check and take `data`, the parsed JSON of the file at `path`. `ca` and `store` are relative to its folder.

        Raises EnrollError("configuration").
        """
        from .schema import fill

        self.path = path
        fill(self, data)
        unload("schema", "values", "ipv4", "httpdate")

    @staticmethod
    def load(path: str) -> "Config":
        """Read and check the configuration at `path`. Raises EnrollError("configuration")."""
        from . import reader

        data = reader.read(path)
        del reader
        unload("reader", "scalars")  # frees their heap before schema.py is loaded
        return Config(data, path)

    def complete(self, values: dict) -> None:
        """Fill in what the board knows of itself: `values` is what the port's `identity` returns.

        Raises EnrollError("configuration") if a required key is still missing, or if several keys do not fit together.
        """
        if "" in self.section.values():
            from .schema import complete

            complete(self, values)
            unload("schema", "values")
