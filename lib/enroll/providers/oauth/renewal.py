"""OAuth: when an access token expires, and how a refresh token replaces it (RFC 6749, 6)."""

from ...errors import EnrollError
from ..other_steps import Keep
from . import ask
from .refused import refused

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

    from ...config import Config
    from ...credential import Credential

_NEVER = const(1 << 40)
_EARLY = const(60)  # seconds before its end at which enroll/renew.py replaces a credential
_NONE = const("the access token is not good any more, and the service has given no refresh token")


def end(credential: "Credential") -> int:
    """When the access token expires, in Unix seconds; one that is valid for less than two minutes counts as valid for
    half of that, so that it is used at all. Some services say 0 for never.
    """
    extra = credential.extra
    try:
        life = int(extra["expires_in"])
        return extra["now"] + max(life, life // 2 + _EARLY) if life > 0 else _NEVER
    except (KeyError, TypeError, ValueError, OverflowError):  # the last: 1e999 is infinity
        return _NEVER


def steps(config: "Config", credential: "Credential"):
    """Generator, as `register`. Whatever the service sends is on flash before it is used: a replaced refresh token is
    no longer valid. Where the service has forgotten the client that the device has registered, the refusal makes it
    register another one.
    """
    kept = yield Keep()
    token = credential.extra.get("refresh_token")
    own = not config.section["client_id"]
    error = EnrollError("refused", _NONE, "approve the device again")
    if token and (not own or "client_id" in kept):

        def fill(extra: dict) -> None:
            if not extra.get("refresh_token"):  # the old one stays valid (RFC 6749, 6); some services send null
                extra["refresh_token"] = token.reveal()

        form = {"grant_type": "refresh_token", "refresh_token": token.reveal()}
        request: Any = ask(config, kept, "token_path", form)
        request.fill = fill
        answer = yield request
        found = answer.json()
        error = refused(config, answer, found)
        if own and found.get("error") == "invalid_client":
            error.kind = "refused"
            kept = {}
    came = credential.extra.get("now")
    if error.kind == "refused" and kept.get("replaces") != came:
        # Drop the code that brought these tokens. The next one stays, however often the refresh token is refused.
        kept["replaces"] = came
        kept.pop("code", None)
        yield Keep(kept)
    raise error
