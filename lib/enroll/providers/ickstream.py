"""ickStream Cloud Core: addDevice over JSON-RPC 2.0, authorised by a token that works once.

ickStream wiki, "API/Cloud Core Protocol/addDevice" and "Device registration process".
"""

from ..config import Config, Device
from ..credential import Credential
from ..errors import EnrollError
from . import Answer, Request, known, need, refusal

TABLE = "hardware_id@A application_id!A registration_token-P address-A scheme-A"
IDENTITY = ("hardware_id", "application_id")
ANSWER = 1024
ONCE = False
ONE_TIME = "registration_token"
# HTTP 401, then JSON-RPC's errors (JSON-RPC 2.0 specification, 5.1) and the service's own
_ERRORS = """\
401 refused the registration token is used up, expired or wrong: put a new one into enroll.json
-32000 refused the registration token is used up, expired or wrong: put a new one into enroll.json
-32001 server it has an error of its own
-32600 configuration this is no JSON-RPC request
-32601 configuration addDevice is unknown
-32602 configuration the values are wrong: check `hardware_id` and `application_id`
-32700 server the request was damaged"""


def check(section: dict) -> str | None:
    if section["hardware_id"] is not Device and len(section["hardware_id"]) > 100:
        return "hardware_id` wants at most 100 characters"


def register(config: Config, now: int):
    section = config.section
    if not section["registration_token"]:
        raise EnrollError("configuration", "`ickstream.registration_token` is missing: fetch one for this device")
    params = {"hardwareId": section["hardware_id"], "applicationId": section["application_id"]}
    if section["address"]:
        params["address"] = section["address"]
    yield Request(
        "POST",
        config.url,
        {"jsonrpc": "2.0", "id": 1, "method": "addDevice", "params": params},
        {"Authorization": (section["scheme"] or "Bearer") + " " + section["registration_token"].reveal()},
        credential=True,
    )


def parse(config: Config, answer: Answer) -> Credential:
    try:
        reply = answer.json()
    except EnrollError:
        if answer.status < 300:
            raise
        reply = {}
    error = reply.get("error")
    if error or answer.status >= 300:
        raise known(error.get("code") if isinstance(error, dict) else None, _ERRORS) or refusal(answer, _ERRORS)
    extra = reply.get("result")
    if str(reply.get("id")) != "1" or not isinstance(extra, dict):
        raise EnrollError("answer", "not the answer to addDevice")
    device_id, token = need(extra, "id", "accessToken")
    extra["scheme"] = config.section["scheme"] or "Bearer"
    return Credential("ickstream", device_id, token, extra)


def headers(credential: Credential) -> dict[str, str]:
    return {"Authorization": credential.extra["scheme"] + " " + credential.secret.reveal()}
