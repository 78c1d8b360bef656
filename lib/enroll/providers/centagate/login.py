"""Centagate: the administrator's login on the device, for where nobody can compute a `cen_token` for it.

It puts an administrator's password and an integration's secret key on the device's flash. Anyone who reads them gains
the administrator's rights. Centagate's web service documentation, "authBasic".
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
_EMPTY = const(("supportFido", "ipAddress", "userAgent", "browserFp"))  # optional, and part of what is signed


def check(login: dict) -> dict:
    """The `login` of a section as it is kept, with Secrets. Raises EnrollError("configuration")."""
    if isinstance(login.get("password"), Secret):
        return login  # was checked before
    from ...schema import fields  # only until the configuration is read

    return fields(login, _TABLE, "centagate.login")


def login(config: "Config", now: int):
    """Generator: log in, as a provider's `register` does its requests. Returns (authToken, secretCode).

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
            raise EnrollError("network", "no answer from the service", answer.cut)
        error.retry_after = answer.retry_after
        raise
