"""Cumulocity: the device asks as the tenant's bootstrap user until a person accepts it. It then gets its own user.

Follows https://cumulocity.com/docs/device-integration/fragment-library/ and "Device credentials" in the OpenAPI
specification.
"""

from ...basic import basic
from .. import Request, need
from ..other_steps import Show, Wait

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from ...config import Config
    from ...credential import Credential
    from .. import Answer

TABLE = "serial@I bootstrap_user!A bootstrap_password!P interval-s"
ANSWER = 512
ONCE = True
_RESET = const("register and accept this device again in Device management")
_INTERVAL = const(5)  # seconds between two requests


def check(section: dict) -> str | None:
    if ":" in section["bootstrap_user"]:
        return "bootstrap_user` must be without a colon, which ends it in HTTP Basic"
    return None


def register(config: "Config", now: int):
    section = config.section
    user = basic(section["bootstrap_user"], section["bootstrap_password"].reveal())
    shown = False
    while True:
        headers = {"Authorization": user, "Accept": "application/json"}  # without it the answer has no body
        yield Request("POST", config.url + "/devicecontrol/deviceCredentials", {"id": section["serial"]}, headers)
        if not shown:
            yield Show("register and accept this device in Device management", section["serial"], config.url)
        shown = True
        yield Wait(section["interval"] or _INTERVAL)


def pending(config: "Config", answer: "Answer") -> bool:
    """Whether nobody has accepted the device yet: a 404 in JSON. Any other 404 means that the address is wrong."""
    return answer.status == 404 and bool(answer.json())


def parse(config: "Config", answer: "Answer") -> "Credential":
    if answer.status > 299:
        from .refused import refuse

        refuse(config, answer)
    extra = answer.json("")
    tenant, user, password = need(extra, "tenantId", "username", "password")
    extra["user"] = tenant + "/" + user
    from ...credential import Credential

    return Credential(config, config.section["serial"], password, extra)


def headers(credential: "Credential", now: int) -> dict[str, str]:
    return {"Authorization": basic(credential.extra["user"], credential.secret.reveal()), "Accept": "application/json"}
