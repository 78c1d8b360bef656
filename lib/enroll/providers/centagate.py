"""Centagate: binds an SMS or OTP token to a user; the request is signed with HMAC-SHA256.

"Token Registration API", registerActiveToken, in Centagate's web service documentation.
"""

from ..errors import EnrollError
from ..url import quote
from . import Answer, Credential, Request, refusal

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from ..config import Config

TABLE = "admin_username!A username!I token_sn!I token_type!I cen_token-P auth_token-P secret_code-P"
ANSWER = 1536
ONCE = False
# The documentation's return codes, then some that were seen elsewhere.
_CODES = const("""
10002 c invalid input
10003 s DB protection error
10004 s DB error
22002 r user not found
29001 r token not found
29002 r token not active
29004 r phone number in use
29008 r user has an OTP token
29011 r invalid activation code
29017 r invalid token status
6002 r binding failed
6007 r no CR OTP token allowed
10001 r no permission
23001 r invalid credentials
23020 r untrusted IP address
23022 r bad signature: renew `cen_token`
23023 r login expired: renew `cen_token`
23024 c call not found
23025 s API error""")


def check(section: dict) -> str | None:
    if section["token_type"] not in ("1", "2"):
        return 'token_type` wants "1" (SMS) or "2" (OTP)'
    parts = (section["auth_token"], section["secret_code"])
    if parts.count(None) != (2 if section["cen_token"] else 0):
        return "cen_token` is wanted, or `auth_token` with `secret_code`, not both"
    return None


def register(config: "Config", now: int):
    section = config.section
    admin = section["admin_username"]
    if section["cen_token"]:
        token = section["cen_token"].reveal()
    else:
        from ..digest import hmac_sha256

        code = section["secret_code"].reveal().encode()
        token = hmac_sha256(code, (admin + section["auth_token"].reveal()).encode())
    body = {
        "username": section["username"],
        "tokenSn": section["token_sn"],
        "tokenType": section["token_type"],
        "cenToken": token,
    }
    url = "%s/token/registerActiveToken/%s" % (config.url, quote(admin))
    yield Request("PUT", url, body, {"Accept": "application/json"})


def parse(config: "Config", answer: Answer) -> Credential:
    reply = answer.json("")
    code = str(reply.get("code", "no code"))
    if code != "0" and not (code == "29008" and answer.again):  # bound already, by the attempt whose answer was lost
        raise refusal(code, _CODES)
    extra = reply.get("object")
    if isinstance(extra, str):
        extra = Answer(200, extra.encode()).json()
    if not isinstance(extra, dict):
        extra = {}
    extra["username"] = config.section["username"]
    return Credential(config.provider, config.section["token_sn"], "", extra)


def headers(credential: Credential) -> dict[str, str]:
    raise EnrollError("configuration", "Centagate gives no credential: leave requests of a session out")
