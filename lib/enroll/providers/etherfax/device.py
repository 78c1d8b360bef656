"""etherFAX: a call that shows whether the service accepts the credential."""

from ...calls import read

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_REFUSALS = const("""
refused: enable or reset this device in the portal""")


def example(_credential):
    """See `enroll.calls.example`."""
    return "GET", "/accounts?a=status", None


def check(session):
    """Task: send a GET request to the path `check` of enroll.json and return the JSON object in the answer.

    Ordinary clients use "/accounts?a=status"; the documentation does not say whether a device may.
    """
    path = session.config.section["check"]
    return read((yield from session.task("GET", path if path[0] == "/" else "/" + path)), _REFUSALS, session)


def settle(session, new: bool):
    """Task: call `check`, if enroll.json has one and the device is `new`. See `enroll.calls.settle`."""
    if new and session.config.section["check"]:
        yield from check(session)
