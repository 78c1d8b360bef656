"""Factory reset."""

import os

from .store import Store

if False:  # for type hints only
    from .config import Config


def forget(config: "Config", port) -> None:
    """Factory reset: erase the stored credential, then those of child devices, and feed the watchdog of `port`.

    Raises EnrollError("storage").
    """
    Store(config.store).clear()
    try:
        names = os.listdir(config.store)
    except OSError:
        return
    for name in names:
        if name[0] == "c" and name[1:].isdigit():  # see services/children.py
            port.feed()
            Store(config.store + "/" + name).clear()
