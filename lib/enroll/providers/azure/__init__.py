"""Azure IoT Hub Device Provisioning Service (DPS), with a symmetric key: the service assigns the device to a hub.

Follows https://learn.microsoft.com/rest/api/iot-dps/device/runtime-registration, "Register Device" and "Operation
Status Lookup". enroll.json has the device's own key; the key of its group stays on the bench.
"""

from binascii import a2b_base64, b2a_base64, unhexlify

from ...hmac import hmac_sha256
from ...url import quote, split
from .. import Request, need
from ..other_steps import Keep, Wait

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

    from ...config import Config, Secret
    from ...credential import Credential
    from .. import Answer

TABLE = "id_scope!D serial@I device_key!B payload-{"
ANSWER = 1024
ONCE = False
_LIFE = const(3600)  # seconds for which a token is valid


def _token(place: str, key: "Secret", now: int) -> str:
    """The value of the Authorization header for a resource, valid for an hour from `now` (Unix seconds).

    `place`: the resource's URI without the scheme. `key`: in Base64; signs the token. Follows
    https://learn.microsoft.com/azure/iot-hub/authenticate-authorize-sas, "SAS token structure".
    """
    place = quote(place)
    signed = "%s\n%d" % (place, now + _LIFE)
    sign = b2a_base64(unhexlify(hmac_sha256(a2b_base64(key.reveal()), signed.encode()))).decode().strip()
    return "SharedAccessSignature sr=%s&sig=%s&se=%d" % (place, quote(sign), now + _LIFE)


def check(section: dict) -> str | None:
    from .serial import check

    return check(section)


def register(config: "Config", now: int):
    section = config.section
    serial = section["serial"]
    place = section["id_scope"] + "/registrations/"
    sign = _token(place + serial, section["device_key"], now) + "&skn=registration"
    operation = kept = (yield Keep()).get("_operation")
    body: Any
    while True:
        if isinstance(operation, str):
            method, path, body = "GET", "operations/" + quote(operation), b""
        else:
            method, path, body = "PUT", "register", {"registrationId": serial}
            if section["payload"]:
                body["payload"] = section["payload"]
        url = "%s/%s%s/%s?api-version=2021-06-01" % (config.url, place, quote(serial), path)
        request: Any = Request(method, url, body, {"Authorization": sign})
        request.kept = kept
        answer: Any = yield request
        kept = None
        operation = answer.kept
        yield Keep({"_operation": operation})
        yield Wait(answer.retry_after or 3)


def pending(config: "Config", answer: "Any") -> bool:
    """Whether no hub is assigned yet. Notes in `answer` the operation to keep. If `register` resumed an operation that
    has failed meanwhile, or that the service has forgotten (404), there is none: it starts over, once.
    """
    reply = answer.json()
    status = reply.get("status")
    answer.kept = None
    if status in ("assigning", "unassigned"):
        answer.kept = it = reply.get("operationId")
        return isinstance(it, str) and it != ""
    return status != "assigned" and answer.status in (200, 404) and answer.request.kept is not None


def parse(config: "Config", answer: "Answer") -> "Credential":
    reply = answer.json()
    extra = reply.get("registrationState")
    if reply.get("status") != "assigned" or not isinstance(extra, dict):
        from .refused import refuse

        refuse(config, answer, reply)
    extra["hub"], device_id = need(extra, "assignedHub", "deviceId")
    split("https://" + extra["hub"])
    from ...credential import Credential

    return Credential(config, device_id, config.section["device_key"].reveal(), extra)


def headers(credential: "Credential", now: int) -> dict[str, str]:
    from .hub import headers

    return headers(credential, now)


def base(config: "Config", credential: "Credential") -> str:
    """Later requests go to the hub that the service assigned."""
    return split(config.url)[0] + "://" + credential.extra["hub"]
