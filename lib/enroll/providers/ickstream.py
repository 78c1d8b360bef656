"""ickStream Cloud Core: addDevice over JSON-RPC 2.0, authorised by a token that works once.

ickStream wiki, "API/Cloud Core Protocol/addDevice" and "Device registration process".
"""

from ..config import DEVICE, REQUIRED, Config, secret, text
from ..credential import Credential
from ..errors import EnrollError
from . import Answer, Request, need, refusal


def _hardware_id(value: object) -> str:
    if len(text(value)) > 100:
        raise ValueError("at most 100 characters")
    return text(value)


def _token(value: object):
    """One that was used has been overwritten with blanks."""
    return secret(value) if str(value).strip() else None


FIELDS = {
    "hardware_id": (_hardware_id, DEVICE),
    "application_id": (text, REQUIRED),
    "registration_token": (_token, None),
    "address": (text, None),
    "scheme": (text, "Bearer"),
}
IDENTITY = ("hardware_id", "application_id")
ANSWER = 1024
ONCE = False
ONE_TIME = "registration_token"  # erased after use
_TOKEN = ("refused", "the registration token is used, expired or wrong: put a new one into `ickstream.registration_token`")
REFUSALS = {401: _TOKEN, 403: _TOKEN}
# JSON-RPC errors (JSON-RPC 2.0 specification, 5.1, and the service's own)
ERRORS = {
    -32000: _TOKEN,
    -32001: ("server", "the service has an error of its own: it will be asked again"),
    -32600: ("configuration", "the service finds no JSON-RPC request: check `url`"),
    -32601: ("configuration", "the service does not know addDevice: check `url`"),
    -32602: ("configuration", "the service refuses the values: check `ickstream.hardware_id` and `ickstream.application_id`"),
    -32700: ("server", "the request was damaged on its way: it will be sent again"),
}


def check(section: dict) -> None:
    if " " in section["scheme"]:
        raise ValueError("`scheme` wants one word")


def register(config: Config, now: int):
    section = config.section
    if section["registration_token"] is None:
        raise EnrollError("configuration", "enroll.json: `ickstream.registration_token` is missing: fetch one for this device")
    params = {"hardwareId": section["hardware_id"], "applicationId": section["application_id"]}
    if section["address"]:
        params["address"] = section["address"]
    yield Request(
        "POST",
        config.url,
        {"jsonrpc": "2.0", "id": 1, "method": "addDevice", "params": params},
        {"Authorization": section["scheme"] + " " + section["registration_token"].reveal()},
        credential=True,
    )


def parse(config: Config, answer: Answer) -> Credential:
    try:
        reply = answer.json()
    except EnrollError:
        if answer.status >= 300:
            raise refusal(answer, REFUSALS)
        raise
    error = reply.get("error")
    if isinstance(error, dict) and error.get("code") in ERRORS:
        raise EnrollError(*ERRORS[error["code"]])
    if answer.status >= 300:
        raise refusal(answer, REFUSALS)
    extra = reply.get("result")
    if error is not None or str(reply.get("id")) != "1" or not isinstance(extra, dict):
        raise EnrollError("answer", "the answer is not addDevice's: check `url`")
    device_id, token = need(extra, "id", "accessToken")
    extra["scheme"] = config.section["scheme"]
    return Credential("ickstream", device_id, token, extra)


def headers(credential: Credential) -> dict[str, str]:
    return {"Authorization": credential.extra["scheme"] + " " + credential.secret.reveal()}
