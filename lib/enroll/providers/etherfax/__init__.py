"""etherFAX: exchanges an MD5 token, made from serial number and date, for a DeviceToken, once.

Follows https://www.etherfax.net, REST API, "devices?a=register".
"""

import hashlib

from ...config import unload
from ...url import quote
from .. import Request, need

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from ...config import Config
    from ...credential import Credential
    from .. import Answer

TABLE = "serial@I utc_offset-n check-A"
ANSWER = 512
ONCE = True
_RESET = const("reset this device in the portal")
_REFUSALS = const("""
refused: enable or reset this device in the portal, and check its serial and clock
403 not enabled, or registered before""")


def check(section: dict) -> None:
    """Raise EnrollError("configuration") if the firmware lacks MD5, which the token needs."""
    if not hasattr(hashlib, "md5"):
        from ... import mistakes

        raise mistakes.md5()


def register(config: "Config", now: int):
    token = _token(config.section, now)
    unload("providers.etherfax.md5", "calendar")  # frees their heap for the request
    serial = quote(config.section["serial"])
    yield Request("GET", "%s/devices?a=register&id=%s&token=%s" % (config.url, serial, token))


def _token(section: dict, now: int) -> str:
    from .md5 import token

    return token(section["serial"], now, section["utc_offset"] or 0)


def parse(config: "Config", answer: "Answer") -> "Credential":
    extra = answer.json(_REFUSALS, config)
    from ...credential import Credential

    return Credential(config, config.section["serial"], need(extra, "DeviceToken")[0], extra)


def headers(credential: "Credential", now: int) -> dict[str, str]:
    from ...basic import basic

    return {"Authorization": basic("device/" + credential.device_id, credential.secret.reveal())}
