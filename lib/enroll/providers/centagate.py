"""Centagate: binds an SMS or OTP token to a user; the request is signed with HMAC-SHA256.

"Token Registration API", registerActiveToken, in Centagate's web service documentation.
"""

import json

from ..config import REQUIRED, Config, secret, text
from ..credential import Credential
from ..digest import hmac_sha256
from ..errors import EnrollError
from ..url import quote
from . import Answer, Request, refusal


def _token_type(value: object) -> str:
    if value in ("1", "2"):
        return text(value)
    raise ValueError('"1" (SMS) or "2" (OTP)')


FIELDS = {
    "admin_username": (text, REQUIRED),
    "username": (text, REQUIRED),
    "token_sn": (text, REQUIRED),
    "token_type": (_token_type, REQUIRED),
    "cen_token": (secret, None),
    "auth_token": (secret, None),
    "secret_code": (secret, None),
}
IDENTITY = ("username", "token_sn", "token_type")
ANSWER = 1536
ONCE = False
REFUSALS: dict = {}
# Return codes of the documentation's table, then some that were seen elsewhere.
CODES = {
    10002: ("configuration", "the service finds a value invalid: check section `centagate`"),
    10003: ("server", "the service's database refuses for now: it will be asked again"),
    10004: ("server", "the service's database has an error: it will be asked again"),
    22002: ("refused", "the service does not know the user: create it, or correct `centagate.username`"),
    29001: ("refused", "the service does not know the token: create it, or correct `centagate.token_sn`"),
    29002: ("refused", "the token is not active: activate it at the service"),
    29004: ("refused", "the phone number is in use: release it, or correct `centagate.token_sn`"),
    29008: ("refused", "the user already has an OTP token: release it at the service"),
    29011: ("refused", "the token's activation code is invalid: have a new one made at the service"),
    29017: ("refused", "the token's status forbids it: deactivate the token at the service"),
    6002: ("refused", "the service could not bind token and user: check both there"),
    6007: ("refused", "the user may not have a CR OTP token: correct the user's rights or `centagate.token_sn`"),
    10001: ("refused", "the administrator may not do this: correct the rights of `centagate.admin_username`"),
    23001: ("refused", "the administrator's credentials are invalid: provide a new `centagate.cen_token`"),
    23020: ("refused", "the service does not trust this IP address: allow it there"),
    23022: ("refused", "the signature is wrong: provide a new `centagate.cen_token`"),
    23023: ("refused", "the administrator's login has expired: provide a new `centagate.cen_token`"),
    23024: ("configuration", "the service does not know this call: check `url`"),
    23025: ("server", "the service has an error of its own: it will be asked again"),
}


def check(section: dict) -> None:
    given = [section[key] is not None for key in ("cen_token", "auth_token", "secret_code")]
    if given not in ([True, False, False], [False, True, True]):
        raise ValueError("`cen_token` is wanted, or `auth_token` and `secret_code`, and not both")


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
        raise refusal(answer, REFUSALS)
    reply = answer.json()
    try:
        code = int(reply.get("code"))
    except (ValueError, TypeError):
        raise EnrollError("answer", "the server's answer has no `code`: check `url`")
    if code and not (code == 29008 and answer.again):  # already bound, by the attempt whose answer was lost
        kind, sentence = CODES.get(code, ("refused", "the service refuses: look its code up in the documentation"))
        raise EnrollError(kind, "%s (code %d)" % (sentence, code))
    extra = reply.get("object")
    if isinstance(extra, str):
        try:
            extra = json.loads(extra)
        except ValueError:
            pass
    if not isinstance(extra, dict):
        extra = {}
    section = config.section
    extra["username"] = section["username"]
    return Credential("centagate", section["token_sn"], "", extra)


def headers(credential: Credential) -> dict[str, str]:
    raise EnrollError("configuration", "Centagate gives a device no credential: there are no authorised requests")
