"""Xyte: serial number and MAC, or a Cloud ID, are exchanged for id, access key and hub address, once.

https://dev.xyte.io, "Registration" and "Register Device".
"""

from ..config import DEVICE, REQUIRED, Config, flag, mapping, objects, secret, text
from ..credential import Credential
from ..errors import EnrollError
from ..url import split
from . import Answer, Request, need, refusal

FIELDS = {
    "hardware_key": (secret, DEVICE),
    "firmware_version": (text, REQUIRED),
    "sn": (text, None),
    "mac": (text, DEVICE),
    "cloud_id": (text, None),
    "sub_model": (text, None),
    "name": (text, None),
    "details": (mapping, None),
    "children": (objects, None),
    "static_cert": (flag, False),
}
IDENTITY = ("sn", "mac", "cloud_id")
ANSWER = 1024
ONCE = True
_REFUSED = ("refused", "the service refuses this device: delete it in the Xyte portal if it is registered there, and check its keys")
REFUSALS = {403: _REFUSED, 409: _REFUSED, 422: _REFUSED}


def check(section: dict) -> None:
    cloud_id = section["cloud_id"]
    if cloud_id is None:
        if section["sn"] is None:
            raise ValueError("`sn` is missing: the service wants it together with `mac`")
        return
    if section["mac"] not in (DEVICE, None):
        raise ValueError("`mac` and `cloud_id` exclude each other: keep one")
    section["mac"] = None
    if not 17 <= len(cloud_id) <= 44 or not all([c.isalpha() or c.isdigit() for c in cloud_id[-16:]]):
        raise ValueError("`cloud_id` wants the partner's short code and 16 to 36 letters and digits")


def register(config: Config, now: int):
    section = config.section
    body = {"hardware_key": section["hardware_key"].reveal()}
    for key in ("firmware_version", "sn", "mac", "cloud_id", "sub_model", "name", "details"):
        if section[key] is not None:
            body[key] = section[key]
    yield Request("POST", config.url + "/v1/devices", body, credential=True)


def parse(config: Config, answer: Answer) -> Credential:
    if answer.status >= 300:
        raise refusal(answer, REFUSALS)
    extra = answer.json()
    hub = "hub_url_static_cert" if config.section["static_cert"] else "hub_url"
    device_id, access_key, extra[hub] = need(extra, "id", "access_key", hub)
    try:
        if split(extra[hub])[0] in ("https", config.url.partition(":")[0]):  # never from https down to http
            return Credential("xyte", device_id, access_key, extra)
    except ValueError:
        pass
    raise EnrollError("answer", "the server's `%s` is no https address: is this the right service?" % hub)


def headers(credential: Credential) -> dict[str, str]:
    return {"Authorization": credential.secret.reveal()}


def base(config: Config, credential: Credential) -> str:
    """Later requests go to the hub that the device was given."""
    return credential.extra["hub_url_static_cert" if config.section["static_cert"] else "hub_url"].rstrip("/")
