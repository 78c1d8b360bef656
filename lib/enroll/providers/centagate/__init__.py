"""Centagate: binds an SMS or OTP token to a user; the request is signed with HMAC-SHA256.

Follows "Token Registration API", registerActiveToken, in Centagate's web service documentation. login.py has the
administrator's login on the device.
"""

from ...url import quote
from .. import Answer, Request

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from ...config import Config
    from ...credential import Credential

TABLE = "admin_username!A username!I token_sn!I token_type!I cen_token-P auth_token-P secret_code-P login-{"
ANSWER = 1536
ONCE = False
_RESET = const("unbind this token from its user")


def check(section: dict) -> str | None:
    if section["token_type"] not in ("1", "2"):
        return 'token_type` must be "1" (SMS) or "2" (OTP)'
    parts = (section["auth_token"], section["secret_code"])
    login = section["login"]
    if parts.count(None) != (2 if section["cen_token"] or login else 0) or (section["cen_token"] and login):
        return "cen_token`, `auth_token` with `secret_code`, or `login` must be given, and only one"
    if login:
        from . import login as admin_login

        section["login"] = admin_login.check(login)
    return None


def register(config: "Config", now: int):
    section = config.section
    admin = section["admin_username"]
    if section["cen_token"]:
        token = section["cen_token"].reveal()
    else:
        from ...hmac import hmac_sha256

        if section["login"]:
            from . import login as admin_login

            auth_token, code = yield from admin_login.login(config, now)
        else:
            auth_token, code = section["auth_token"].reveal(), section["secret_code"].reveal()
        token = hmac_sha256(code.encode(), (admin + auth_token).encode())
    body = {
        "username": section["username"],
        "tokenSn": section["token_sn"],
        "tokenType": section["token_type"],
        "cenToken": token,
    }
    url = "%s/token/registerActiveToken/%s" % (config.url, quote(admin))
    yield Request("PUT", url, body, {"Accept": "application/json"})


def result(config: "Config", answer: Answer, bound: bool = False) -> dict:
    """The `object` in an answer. Raises EnrollError unless the code says success. If `bound`, "already bound" also
    counts as success: by an earlier attempt whose answer was lost.
    """
    reply = answer.json()
    code = str(reply.get("code"))
    if answer.status > 299 or (code != "0" and not (code == "29008" and bound)):
        from .refused import refuse

        refuse(config, answer, reply)
    found = reply.get("object")
    if isinstance(found, str):
        found = Answer(200, found.encode()).json()
    return found if isinstance(found, dict) else {}


def parse(config: "Config", answer: Answer) -> "Credential":
    extra = result(config, answer, answer.again)
    extra["username"] = config.section["username"]
    from ...credential import Credential

    return Credential(config, config.section["token_sn"], "", extra)


def headers(credential: "Credential", now: int) -> dict[str, str]:
    from .refused import no_credential

    raise no_credential()
