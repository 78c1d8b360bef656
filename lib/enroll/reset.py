"""Factory reset."""

import os

from .commit import Journal

if False:  # for type hints only
    from .config import Config


def forget(config: "Config", port, wifi: bool = False) -> None:
    """Factory reset: erase the stored credential, then those of child devices. Feeds the watchdog of `port`.

    `wifi`: erase the networks that a person has given the device instead, and nothing else.

    Raises EnrollError("storage").
    """
    if wifi:
        from .networks import journal

        return clear(journal(config))
    clear(Journal(config.store))
    try:
        names = os.listdir(config.store)
    except OSError:
        return
    for name in names:
        if name[0] == "c" and name[1:].isdigit():  # records of child devices, and of the step Keep
            port.feed()
            clear(Journal(config.store + "/" + name))


def clear(slots: Journal) -> None:
    """Overwrite both slots with zeros, the older one first: a power cut leaves the newest record or none.

    Raises EnrollError("storage").
    """
    slots.load()
    for slot in (slots.next, 1 - slots.next):
        name = slots.name(slot)
        try:
            with open(name, "r+b") as file:
                for _ in range(0, os.stat(name)[6], 64):
                    file.write(bytes(64))
        except OSError as error:
            if error.errno != 2:  # ENOENT
                raise slots.trouble(error)
