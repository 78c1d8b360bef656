"""Centagate: what its refusals mean. Loaded only after one."""

from ...errors import EnrollError
from ..answer_refused import refusal

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import NoReturn

    from ...config import Config
    from .. import Answer

# Return codes of the documentation; 6002, 6007, 10001 and those from 23001 to 23025 were seen elsewhere.
_REFUSALS = const("""
refused: check this user, its token and the administrator in Centagate
22002 user not found: create it, or correct `username`
29001 token not found: import it, or correct `token_sn`
29002 token not active: activate it
29004 phone number in use: unbind it
29008 user has an OTP token: unbind it
29011 invalid activation code: renew `cen_token`
29017 invalid token status: reset the token
6002 binding failed: check the user and the token
6007 no CR OTP token allowed: allow the user one
10001 no permission: give it to `admin_username`
23001 invalid credentials: correct `login`, or renew `cen_token`
23020 untrusted IP address: trust it
23022 bad signature: renew `cen_token`, or correct `login`
23023 login expired: renew `cen_token`, or check the clock
configuration:
10002 invalid input
23024 call not found: check `url`
server:
10003 DB protection error
10004 DB error
23025 API error""")


def no_credential() -> EnrollError:
    """The error if an application wants to send requests as this device."""
    return EnrollError("configuration", "Centagate gives no credential", "do not use a session")


def refuse(config: "Config", answer: "Answer", reply: dict) -> "NoReturn":
    """Raise the error for `answer`, whose JSON object is `reply`."""
    answer.json(_REFUSALS, config)
    raise refusal(str(reply.get("code", "no code")), _REFUSALS, reply, config)
