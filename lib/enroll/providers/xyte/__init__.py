"""Xyte: exchanges serial number and MAC address, or a Cloud ID, for id, access key and hub address, once.

Follows https://dev.xyte.io, "Registration" and "Register Device".
"""

from ...url import split
from .. import Request, need

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from ...config import Config
    from ...credential import Credential
    from .. import Answer

TABLE = "hardware_key@P firmware_version!A sn!I mac@I cloud_id-I sub_model-A name-A details-{ children-O static_cert-t"
ANSWER = 1024
ONCE = True
_RESET = const("delete this device in the portal")
_REFUSALS = const("""
refused: delete this device in the portal and it registers by itself, or check its keys
422 taken or unknown""")


def check(section: dict) -> str | None:
    cloud_id = section["cloud_id"]
    if cloud_id:
        if section["mac"]:
            return "mac` and `cloud_id` exclude each other"
        section["mac"] = None
        good = 17 <= len(cloud_id) <= 44
        for char in cloud_id[-16:]:
            good = good and (char.isalpha() or char.isdigit())
        if not good:
            return "cloud_id` must be a short code and 16 to 36 letters and digits"
    if section["children"]:
        from . import child

        return child.check(section["children"])
    return None


def register(config: "Config", now: int):
    section = config.section
    body = {}
    for key, value in section.items():
        if value is not None and key not in ("children", "static_cert"):
            body[key] = value
    body["hardware_key"] = section["hardware_key"].reveal()
    yield Request("POST", config.url + "/v1/devices", body)


def parse(config: "Config", answer: "Answer") -> "Credential":
    extra = answer.json(_REFUSALS, config)
    hub = _hub(config)
    device_id, key, extra[hub] = need(extra, "id", "access_key", hub)
    try:
        good = split(extra[hub])[0] >= split(config.url)[0]  # "https" > "http": rejects a downgrade
    except ValueError:
        good = False
    if not good:
        need({}, hub)
    from ...credential import Credential

    return Credential(config, device_id, key, extra)


def headers(credential: "Credential", now: int) -> dict[str, str]:
    return {"Authorization": credential.secret.reveal()}


def base(config: "Config", credential: "Credential") -> str:
    """Later requests go to the hub that the service assigned."""
    return need(dict(credential.extra), _hub(config))[0].rstrip("/")


def _hub(config: "Config") -> str:
    return "hub_url_static_cert" if config.section["static_cert"] else "hub_url"
