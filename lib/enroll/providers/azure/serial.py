"""Azure: what a registration ID may be. Loaded only while enroll.json is read."""

from ...config import unload
from ...url import quote

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_WRONG = const("serial` must be letters, digits and -._: with a letter, a digit or - at its end")


def check(section: dict) -> str | None:
    """See providers/__init__.py. Follows https://learn.microsoft.com/azure/iot-dps/concepts-service, "Registration ID":
    upper and lower case are the same to DPS.
    """
    unload("providers.azure.serial")
    serial = section["serial"]
    unusual = serial.replace(":", "").replace("~", " ")
    return _WRONG if quote(unusual) != unusual or serial[-1:] in (".", "_", ":") else None
