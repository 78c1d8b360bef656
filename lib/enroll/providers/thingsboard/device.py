"""ThingsBoard: telemetry, attributes and commands (RPC) of a registered device, over HTTPS.

Follows https://thingsboard.io/docs/reference/http-api/. Each request has the access token in its path: never print it.
"""

from ...calls import read
from ...url import quote

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_REFUSALS = const("""
refused: look for this device in ThingsBoard
401 access token unknown""")
_LONGEST = const(60)  # seconds of a long poll


def example(_credential):
    """See `enroll.calls.example`."""
    return "POST", "/telemetry", {"enrolled": True}


def settle(session, new: bool):
    """Task: nothing to do here. See `enroll.calls.settle`."""
    yield from ()


def _send(session, path: str, values: dict):
    return read((yield from session.task("POST", path, json=values)), _REFUSALS, session)


def telemetry(session, values: dict):
    """Task: send `values`, {key: number, text, bool or object}. The server adds the time."""
    return _send(session, "/telemetry", values)


def attributes(session, values: dict):
    """Task: set client attributes of the device to `values`."""
    return _send(session, "/attributes", values)


def shared(session, *keys: str):
    """Task: return the shared attributes with these `keys`, a dict without those that are not set."""
    path = "/attributes?sharedKeys=" + quote(",".join(keys))
    return read((yield from session.task("GET", path)), _REFUSALS, session).get("shared", {})


def commands(session, handler, seconds: int = 20):
    """Task: wait up to `seconds` (1 to 60) for one command (server-side RPC). Returns whether one came.

    `handler(method, params)`: runs the command and returns the answer, anything that JSON can hold.
    """
    seconds = max(1, min(seconds, _LONGEST))
    path = "/rpc?timeout=%d" % (seconds * 1000)
    response = yield from session.task("GET", path, timeout=seconds + session.config.timeout)
    if response.status_code == 408:  # no command came
        return False
    command = read(response, _REFUSALS, session)
    if "method" not in command:
        return False
    result = handler(command["method"], command.get("params"))
    if "id" in command:  # without an id the sender expects no answer
        yield from _send(session, "/rpc/%s" % command["id"], result)
    return True
