"""The Wi-Fi networks that a person has given the device. enroll.json stays as it was provisioned.

They have a journal of their own, in the folder `networks` of the configuration's `store`: two slots, written in turn
and read back, so that a power cut leaves the old list or the new one. A device tries enroll.json's `network` first and
then these, the newest first. A boot that joins a network of enroll.json does not load this module.
"""

import json

from .commit import Journal
from .config import Secret
from .errors import EnrollError
from .journal import KEPT

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

    from .config import Config

PORTAL = "ssid!W password!K"  # of enroll.json's `portal`, the network that the device makes: a table as in schema.py
_MOST = const(5)  # networks that are remembered


def journal(config: "Config") -> Journal:
    """The journal that holds the networks of `config`."""
    return Journal(config.store + "/networks")


def remembered(config: "Config") -> list[dict]:
    """The networks that are remembered, the newest first, each like an item of `config.network`."""
    return _read(journal(config))


def _read(slots: Journal) -> list[dict]:
    record = slots.load()
    found = json.loads(record[2]) if record else ()
    return [{"ssid": ssid, "password": Secret(password) if password else None} for ssid, password in found]


def remember(config: "Config", ssid: str, password: str) -> None:
    """Put a network first, and keep four others. `password`: "" for an open one.

    Raises EnrollError("storage"): the list is then as it was.
    """
    slots = journal(config)
    networks = [[ssid, password]]
    for it in _read(slots):
        if it["ssid"] != ssid:
            secret = it["password"]
            networks.append([it["ssid"], secret.reveal() if secret else ""])
    try:
        slots.prepare()
        slots.save(KEPT, b"", json.dumps(networks[:_MOST]).encode(), True)
    finally:
        slots.close()


def connect(owner: "Any", error: "Any"):
    """Task: join a network that is remembered, after `error`: those of enroll.json could not be joined.

    Forgets them first if the board's button is held. `owner`: has `config` and `port`. Raises EnrollError: `error` if
    no network is remembered. Where the reason is the network, the error's `joined` is False, and its `scan` whether the
    port can look for one: a person may give the device another.
    """
    if getattr(error, "kind", None) not in ("network", "configuration"):
        raise error
    try:
        if hasattr(owner.port, "pressed") and owner.port.pressed():
            from .reset import clear

            clear(journal(owner.config))
        networks = remembered(owner.config)
        if networks:
            yield from owner.port.connect(networks) or ()
            return
    except EnrollError as another:
        if another.kind != "network":
            raise
        error = EnrollError("network", another.fact if error.kind != "network" else error.fact + ", " + another.fact)
    error.joined = False
    error.scan = hasattr(owner.port, "scan")
    raise error
