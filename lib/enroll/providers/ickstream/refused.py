"""ickStream: why addDevice returned no credential. Loaded only then."""

from ...errors import EnrollError
from ..answer_refused import refusal

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import NoReturn

    from ...config import Config
    from .. import Answer

# HTTP statuses, and error codes of JSON-RPC (JSON-RPC 2.0 specification, 5.1) and of the service
_REFUSALS = const("""
refused: fetch a new registration token for this device
401 registration token used up, expired or wrong
-32000 not authorised
configuration:
-32600 invalid JSON-RPC request
-32601 addDevice unknown: check `url`
-32602 wrong `hardware_id` or `application_id`
server:
-32001 service error
-32603 internal error
-32700 request damaged""")


def no_token() -> EnrollError:
    """The error if enroll.json has no registration token."""
    return EnrollError("configuration", "`ickstream.registration_token` is missing", "fetch one for this device")


def refuse(config: "Config", answer: "Answer", reply: dict) -> "NoReturn":
    """Raise the error for `answer`, whose JSON object is `reply`."""
    error = reply.get("error")
    if isinstance(error, dict):
        raise refusal(error.get("code"), _REFUSALS, error, config)
    answer.json(_REFUSALS, config)
    raise EnrollError("answer", "not the answer to addDevice")
