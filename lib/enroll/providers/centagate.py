"""Centagate: binds an SMS or OTP token to a user; the request is signed with HMAC-SHA256.

"Token Registration API", registerActiveToken, in Centagate's web service documentation. An administrator's login on the
device is in centagate_login.py.
"""

from ..errors import EnrollError
from ..url import quote
from . import Answer, Credential, Request

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from ..config import Config

TABLE = "admin_username!A username!I token_sn!I token_type!I cen_token-P auth_token-P secret_code-P login-{"
ANSWER = 1536
ONCE = False
# The documentation's return codes, then some that were seen elsewhere.
_CODES = const("""
10002 c invalid input
10003 s DB protection error
10004 s DB error
22002 r user not found: create it, or correct `username`
29001 r token not found: import it, or correct `token_sn`
29002 r token not active: activate it
29004 r phone number in use: unbind it
29008 r user has an OTP token: unbind it
29011 r invalid activation code: renew `cen_token`
29017 r invalid token status: reset the token
6002 r binding failed: check the user and the token
6007 r no CR OTP token allowed: allow the user one
10001 r no permission: give it to `admin_username`
23001 r invalid credentials: correct `login`, or renew `cen_token`
23020 r untrusted IP address: trust it
23022 r bad signature: renew `cen_token`, or correct `login`
23023 r login expired: renew `cen_token`, or check the clock
23024 c call not found: check `url`
23025 s API error""")
_HTTP = const("""
refused check this user, its token and the administrator in Centagate""")


def check(section: dict) -> str | None:
    if section["token_type"] not in ("1", "2"):
        return 'token_type` wants "1" (SMS) or "2" (OTP)'
    parts = (section["auth_token"], section["secret_code"])
    login = section["login"]
    if parts.count(None) != (2 if section["cen_token"] or login else 0) or (section["cen_token"] and login):
        return "cen_token` is wanted, or `auth_token` with `secret_code`, or `login`"
    if login:
        from . import centagate_login

        section["login"] = centagate_login.check(login)
    return None


def register(config: "Config", now: int):
    section = config.section
    admin = section["admin_username"]
    if section["cen_token"]:
        token = section["cen_token"].reveal()
    else:
        from ..hmac import hmac_sha256

        if section["login"]:
            from . import centagate_login

            auth_token, code = yield from centagate_login.login(config, now)
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
    """The object in an answer. Raises EnrollError for every code but success, and what counts as one: `bound` already,
    by an attempt whose answer was lost.
    """
    reply = answer.json(_HTTP, config)
    code = str(reply.get("code", "no code"))
    if code != "0" and not (code == "29008" and bound):
        from .answer_refused import refusal

        raise refusal(code, _CODES, reply, config)
    found = reply.get("object")
    if isinstance(found, str):
        found = Answer(200, found.encode()).json()
    return found if isinstance(found, dict) else {}


def parse(config: "Config", answer: Answer) -> Credential:
    extra = result(config, answer, answer.again)
    extra["username"] = config.section["username"]
    return Credential(config.provider, config.section["token_sn"], "", extra)


def headers(credential: Credential) -> dict[str, str]:
    raise EnrollError("configuration", "Centagate gives no credential: leave requests of a session out")
