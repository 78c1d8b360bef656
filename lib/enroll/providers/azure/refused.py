"""Azure: why the service did not assign the device to a hub. Loaded only then."""

from ...errors import EnrollError

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import NoReturn

    from ...config import Config
    from .. import Answer

_REFUSALS = const("""
configuration:
400 not understood: check `id_scope` and `serial`
refused: check the enrollment in the portal, and `id_scope`, `serial` and `device_key`
401 the key does not fit
404 no such enrollment""")
_UNASSIGNED = {
    "disabled": ("the enrollment is disabled", "enable it in the portal"),
    "failed": ("the service assigns the device to no hub", "link a hub to the enrollment in the portal"),
}


def refuse(config: "Config", answer: "Answer", reply: dict) -> "NoReturn":
    """Raise the EnrollError for `answer`, whose JSON object is `reply`."""
    words = _UNASSIGNED.get(str(reply.get("status")))
    if words:
        raise EnrollError("refused", *words)
    answer.json(_REFUSALS, config)
    raise EnrollError("answer", "not the answer to a registration")
