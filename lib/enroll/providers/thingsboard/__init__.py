"""ThingsBoard: a provision key and secret register a device with an access token that the device has chosen itself.

Follows https://thingsboard.io/docs/user-guide/device-provisioning/, "HTTP Device APIs". The token is on flash before it
is sent. A lost answer therefore loses nothing: the device asks later whether the service accepts the token.
"""

import os
from binascii import hexlify

from ...config import Secret
from ...url import quote
from .. import Request
from ..other_steps import Keep

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from ...config import Config
    from ...credential import Credential
    from .. import Answer

TABLE = "serial@I provision_key!A provision_secret!P token-P"
ANSWER = 512
ONCE = False
_RESET = const("delete this device in ThingsBoard")


def check(section: dict) -> str | None:
    token = section["token"]
    if token and quote(token.reveal()) != token.reveal():
        return "token` must be letters, digits and -._~ to stand in a path"
    return None


def register(config: "Config", now: int):
    section = config.section
    token = section["token"]
    if not token:
        fields = yield Keep()
        if not fields.get("token"):
            fields = yield Keep({"token": str(hexlify(os.urandom(10)), "ascii")})
        section["token"] = token = Secret(fields["token"])
    body = {
        "deviceName": section["serial"],
        "provisionDeviceKey": section["provision_key"],
        "provisionDeviceSecret": section["provision_secret"].reveal(),
        "credentialsType": "ACCESS_TOKEN",
        "token": token.reveal(),
    }
    yield Request("POST", config.url + "/api/v1/provision", body)
    # refused: an earlier attempt may have registered the device, and its answer was lost
    again = Request("GET", "%s/api/v1/%s/attributes" % (config.url, token.reveal()))
    again.shown = config.url + "/api/v1/***/attributes"
    yield again


def _status(reply: dict):
    return reply.get("status") or reply.get("provisionDeviceStatus")  # the second before ThingsBoard 3.3


def _asks(answer: "Answer") -> bool:
    """Whether `answer` is the one to the request that tests the token."""
    return answer.request is not None and answer.request.method == "GET"


def _good(answer: "Answer", reply: dict) -> bool:
    """Whether `answer` says that the device is registered. For an accepted token it has attributes, by their scope."""
    if answer.status > 299 or answer.page():
        return False
    if not _asks(answer):
        return _status(reply) == "SUCCESS"
    return bytes(answer.body).lstrip()[:1] == b"{" and not set(reply) - {"client", "shared"}


def pending(config: "Config", answer: "Answer") -> bool:
    """Whether the service refused the device's name: `register` then tests whether it accepts the token anyway."""
    return answer.status == 200 and not _asks(answer) and _status(answer.json()) == "FAILURE"


def parse(config: "Config", answer: "Answer") -> "Credential":
    reply = answer.json()
    token = config.section["token"].reveal()
    token = reply.get("credentialsValue") or reply.get("accessToken") or token
    if not _good(answer, reply) or not isinstance(token, str) or quote(token) != token:
        from .refused import refuse

        refuse(config, answer, _status(reply))
    from ...credential import Credential

    return Credential(config, config.section["serial"], token, {})


def headers(credential: "Credential", now: int) -> dict[str, str]:
    return {}  # the token is in the path


def base(config: "Config", credential: "Credential") -> str:
    return "%s/api/v1/%s" % (config.url, credential.secret.reveal())
