"""Centagate: what its refusals mean. Needed only where there is one."""

from ..answer_refused import refusal

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import NoReturn

    from ...config import Config
    from .. import Answer

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


def refuse(config: "Config", answer: "Answer", reply: dict) -> "NoReturn":
    """Raise the error for `answer`, whose JSON object is `reply`."""
    answer.json(_HTTP, config)
    raise refusal(str(reply.get("code", "no code")), _CODES, reply, config)
