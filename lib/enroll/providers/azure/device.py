"""Azure IoT Hub: telemetry and messages to a registered device, over HTTPS.

https://learn.microsoft.com/rest/api/iothub/device. A device twin, with its desired properties, is reached over MQTT and
AMQP alone.
"""

from ...calls import read
from ...url import quote

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_REFUSALS = const("""
refused: look for this device in the hub
401 the token does not fit
403 too many messages today
404 device unknown""")
_PLACE = const("/devices/{id}/messages/%s?api-version=2020-03-13")


def example(_credential):
    """See `enroll.calls.example`."""
    return "POST", _PLACE % "events", {"enrolled": True}


def settle(session, new: bool):
    """Nothing is left to do. See `enroll.calls.settle`."""
    yield from ()


def telemetry(session, values: dict, **properties: str):
    """Task: send `values`, which becomes JSON, with application `properties`, texts that the hub can route by."""
    headers = {"iothub-app-" + name: value for name, value in properties.items()}
    response = yield from session.task("POST", _PLACE % "events", json=values, headers=headers)
    return read(response, _REFUSALS, session)


def message(session, handler):
    """Task: fetch one message that waits for the device, and return whether there was one.

    `handler(body)` is given its bytes; the message is completed, so that the hub forgets it, once that has returned.
    The hub wants devices to ask no more often than every 25 minutes.
    """
    response = yield from session.task("GET", _PLACE % "deviceBound")
    if response.status_code == 204:
        return False
    read(response, _REFUSALS, session)
    handler(response.content)
    lock = response.headers.get("etag", "").strip('"')
    path = _PLACE % ("deviceBound/" + quote(lock))
    read((yield from session.task("DELETE", path)), _REFUSALS, session)
    return True
