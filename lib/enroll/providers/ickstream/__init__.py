"""ickStream Cloud Core: addDevice over JSON-RPC 2.0, authorised by a one-time token.

Follows the ickStream wiki, "API/Cloud Core Protocol/addDevice" and "Device registration process".
"""

from binascii import crc32

from .. import Request, need

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from ...config import Config
    from ...credential import Credential
    from .. import Answer

TABLE = "hardware_id@I application_id!I registration_token-P address-A scheme-A"
ANSWER = 1024
ONCE = False
ONE_TIME = "registration_token"
_RESET = const("fetch a new registration token for this device")


def bound(config: "Config") -> str:
    """The CRC-32 of the registration token: the service gives each credential for one token, and a new token makes it
    outdated. The line is empty, and matches any token, once the token is erased; a blank in it shows that a power cut
    interrupted that.
    """
    token = config.section[ONE_TIME]
    token = token and token.reveal()
    return "\n%s" % (crc32(token.encode()) if token and " " not in token else "")


def register(config: "Config", now: int):
    section = config.section
    if not section[ONE_TIME]:
        from .refused import no_token

        raise no_token()
    params = {"hardwareId": section["hardware_id"], "applicationId": section["application_id"]}
    if section["address"]:
        params["address"] = section["address"]
    yield Request(
        "POST",
        config.url,
        {"jsonrpc": "2.0", "id": 1, "method": "addDevice", "params": params},
        {"Authorization": (section["scheme"] or "Bearer") + " " + section[ONE_TIME].reveal()},
    )


def parse(config: "Config", answer: "Answer") -> "Credential":
    reply = answer.json()
    extra = reply.get("result")
    other = reply.get("id", 1) not in (1, "1")  # if the answer is cut, the id may be missing
    if answer.status > 299 or isinstance(reply.get("error"), dict) or other or not isinstance(extra, dict):
        from .refused import refuse

        refuse(config, answer, reply)
    device_id, token = need(extra, "id", "accessToken")
    extra["scheme"] = config.section["scheme"] or "Bearer"
    from ...credential import Credential

    return Credential(config, device_id, token, extra)


def headers(credential: "Credential", now: int) -> dict[str, str]:
    return {"Authorization": credential.extra["scheme"] + " " + credential.secret.reveal()}


def finish(config: "Config", log) -> None:
    """Erase the registration token: it has been used and must not stay on flash."""
    from ...erase import erase

    erase(config, log)
