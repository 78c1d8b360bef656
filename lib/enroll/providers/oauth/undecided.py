"""OAuth: answers other than "not yet" and an access token. Loaded only after one."""

from ...errors import EnrollError
from ..other_steps import Keep
from .refused import refused

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from ...config import Config
    from .. import Answer

_SLOWER = const(5)  # seconds (RFC 8628, 3.5)
_GONE = const(("expired_token", "invalid_grant", "bad_verification_code", "incorrect_device_code"))  # Microsoft, GitHub
_EXPIRED = const("the code has expired before anybody has approved the device")


def decide(config: "Config", kept: dict, answer: "Answer"):
    """Generator, as `register`: return the code to poll after `answer`. `kept`: what is on flash.

    A code about which the service says anything but "later" is dropped before EnrollError is raised, so that the next
    attempt starts over; so is a client that the service no longer knows.
    """
    found = answer.json()
    error = found.get("error")
    code = kept.get("code")
    if error == "slow_down" and code:
        code[3] += _SLOWER
        yield Keep(kept)
        return code
    raised = refused(config, answer, found)
    if error == "invalid_client" and not config.section["client_id"]:
        yield Keep({})
    elif error and raised.kind not in ("server", "network"):
        kept.pop("code", None)
        yield Keep(kept)
    if code and error in _GONE:
        expired = EnrollError("server", _EXPIRED, "the device asks for another")
        expired.said = True
        raise expired
    raise raised
