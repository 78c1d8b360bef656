"""Centagate: binds an SMS or OTP token to a user; the request is signed with HMAC-SHA256.

"Token Registration API", registerActiveToken, in Centagate's web service documentation.
"""

import json

from ..config import Config
from ..credential import Credential
from ..digest import hmac_sha256
from ..errors import EnrollError
from ..url import quote
from . import Answer, Request, known, refusal

TABLE = "admin_username!A username!A token_sn!A token_type!A cen_token-P auth_token-P secret_code-P"
IDENTITY = ("username", "token_sn", "token_type")
ANSWER = 1536
ONCE = False
# The documentation's return codes, then some that were seen elsewhere.
_CODES = """\
10002 configuration a value is invalid
10003 server its database is protected
10004 server its database has an error
22002 refused the user is unknown
29001 refused the token is unknown
29002 refused the token is not active
29004 refused the phone number is in use
29008 refused the user has an OTP token already
29011 refused the activation code is invalid
29017 refused the token's status is invalid
6002 refused the token could not be bound
6007 refused the user may not have a CR OTP token
10001 refused the administrator lacks permission
23001 refused the administrator's credentials are invalid
23020 refused this IP address is not trusted
23022 refused the signature is wrong: provide a new `cen_token`
23023 refused the login has expired: provide a new `cen_token`, and check the clock
23024 configuration the call is unknown
23025 server it has an error of its own"""


def check(section: dict) -> str | None:
    if section["token_type"] not in ("1", "2"):
        return 'token_type` wants "1" (SMS) or "2" (OTP)'
    given = [bool(section[key]) for key in ("cen_token", "auth_token", "secret_code")]
    if given not in ([True, False, False], [False, True, True]):
        return "cen_token` is wanted, or `auth_token` with `secret_code`, not both"


def register(config: Config, now: int):
    section = config.section
    admin = section["admin_username"]
    if section["cen_token"]:
        token = section["cen_token"].reveal()
    else:
        code = section["secret_code"].reveal().encode()
        token = hmac_sha256(code, admin.encode(), section["auth_token"].reveal().encode())
    body = {"username": section["username"], "tokenSn": section["token_sn"], "tokenType": section["token_type"], "cenToken": token}
    url = "%s/token/registerActiveToken/%s" % (config.url, quote(admin))
    yield Request("PUT", url, body, {"Accept": "application/json"}, credential=True)


def parse(config: Config, answer: Answer) -> Credential:
    if answer.status >= 300:
        raise refusal(answer)
    reply = answer.json()
    code = str(reply.get("code"))
    if code != "0" and not (code == "29008" and answer.again):  # bound already, by the attempt whose answer was lost
        if not code.isdigit():
            raise EnrollError("answer", "no usable `code` in the answer")
        raise known(code, _CODES) or EnrollError("refused", "the service says %s" % code)
    extra = reply.get("object")
    if isinstance(extra, str):
        try:
            extra = json.loads(extra)
        except ValueError:
            pass
    if not isinstance(extra, dict):
        extra = {}
    extra["username"] = config.section["username"]
    return Credential("centagate", config.section["token_sn"], "", extra)


def headers(credential: Credential) -> dict[str, str]:
    raise EnrollError("configuration", "Centagate gives no credential: leave requests of a session out")
