"""Cumulocity: why the service gave the device no user. Loaded only then."""

from ...basic import basic
from ...config import Secret

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from ...config import Config
    from .. import Answer

_REFUSALS = const("""
refused: register and accept this device in Device management
configuration:
401 bootstrap user or password wrong: correct `bootstrap_user` and `bootstrap_password`""")


class _Hidden:
    """A Config whose section has what HTTP Basic sends, too: a quoted text must not contain it."""

    def __init__(self, config: "Config") -> None:
        self.section = dict(config.section)
        sent = basic(self.section["bootstrap_user"], self.section["bootstrap_password"].reveal())
        self.section["sent"] = Secret(sent.split(" ")[1].rstrip("="))


def refuse(config: "Config", answer: "Answer") -> None:
    """Raise the EnrollError for `answer`, whose status is 300 or more."""
    answer.json(_REFUSALS, _Hidden(config))
