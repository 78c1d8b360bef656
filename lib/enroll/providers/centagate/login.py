"""Centagate: the administrator's login on the device, for devices that nobody can compute a `cen_token` for.

This puts an administrator's password and an integration's secret key on the device's flash. Anyone who reads them gains
the administrator's rights. Follows "authBasic" in Centagate's web service documentation.
"""

from ...config import Secret
from ...errors import EnrollError
from ...hmac import hmac_sha256
from .. import Request, need
from . import result

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from ...config import Config

_TABLE = const("password!P integration_key!P secret_key!P")
_EMPTY = const(("supportFido", "ipAddress", "userAgent", "browserFp"))  # optional, but part of the signed text


def check(login: dict) -> dict:
    """Check the `login` of a section and return it with Secrets. Raises EnrollError("configuration")."""
    if isinstance(login.get("password"), Secret):
        return login  # checked before
    from ...schema import fields  # here, because Config unloads schema.py

    return fields(login, _TABLE, "centagate.login")


def login(config: "Config", now: int):
    """Generator like a provider's `register`: log in. Returns [authToken, secretCode].

    `now`: Unix seconds. Raises EnrollError.
    """
    user = config.section["admin_username"]
    password, key, secret = [
        config.section["login"][name].reveal() for name in ("password", "integration_key", "secret_key")
    ]
    stamp = str(now)
    body = {"username": user, "password": password, "integrationKey": key, "unixTimestamp": stamp}
    for name in _EMPTY:
        body[name] = ""
    body["hmac"] = hmac_sha256(secret.encode(), (user + password + key + stamp).encode())
    url = config.url + "/auth/authBasic"
    answer = yield Request("POST", url, body, {"Accept": "application/json"}, False)
    try:
        return need(result(config, answer), "authToken", "secretCode")
    except EnrollError as error:
        if answer.cut:
            raise EnrollError("network", "no answer from the service", error=answer.cut)
        error.retry_after = answer.retry_after
        raise
