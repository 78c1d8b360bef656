"""etherFAX: an MD5 token of serial number and date buys a DeviceToken, once.

https://www.etherfax.net, REST API, "devices?a=register".
"""

from ..config import DEVICE, Config, number, text
from ..credential import Credential
from ..digest import basic, etherfax_token
from ..url import quote
from . import Answer, Request, need, refusal

FIELDS = {"serial": (text, DEVICE), "utc_offset": (number, 0), "check": (text, None)}
IDENTITY = ("serial",)
ANSWER = 512
ONCE = True
REFUSALS = {
    403: (
        "refused",
        "the service refuses this device: enable it in the etherFAX portal, or reset it there if it was registered before; "
        "and check `serial` and the clock",
    )
}


def check(section: dict) -> None:
    if not -24 < section["utc_offset"] < 24:
        raise ValueError("`utc_offset` wants hours between -24 and 24")


def register(config: Config, now: int):
    section = config.section
    token = etherfax_token(section["serial"], now, section["utc_offset"])
    yield Request("GET", "%s/devices?a=register&id=%s&token=%s" % (config.url, quote(section["serial"]), token), credential=True)


def parse(config: Config, answer: Answer) -> Credential:
    if answer.status >= 300:
        raise refusal(answer, REFUSALS)
    extra = answer.json()
    return Credential("etherfax", config.section["serial"], *need(extra, "DeviceToken"), extra)


def headers(credential: Credential) -> dict[str, str]:
    return {"Authorization": basic("device/" + credential.device_id, credential.secret.reveal())}
