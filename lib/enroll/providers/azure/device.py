"""Azure IoT Hub: telemetry from a registered device, and messages to it, over HTTPS.

Follows https://learn.microsoft.com/rest/api/iothub/device. Device twins, with their desired properties, need MQTT or
AMQP.
"""

from ...calls import read
from ...url import quote

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_REFUSALS = const("""
refused: look for this device in the hub
401 the token does not fit
403 too many messages today: wait until tomorrow, or scale the hub up
404 device unknown""")
_PLACE = const("/devices/{id}/messages/%s?api-version=2020-03-13")


def example(_credential):
    """See `enroll.calls.example`."""
    return "POST", _PLACE % "events", {"enrolled": True}


def settle(session, new: bool):
    """Task: nothing to do here. See `enroll.calls.settle`."""
    yield from ()


def telemetry(session, values: dict, **properties: str):
    """Task: send `values` as JSON. `properties`: application properties, texts by which the hub can route them."""
    headers = {"iothub-app-" + name: value for name, value in properties.items()}
    headers["iothub-contenttype"] = "application/json"  # else the hub cannot route by what is in the body
    headers["iothub-contentencoding"] = "utf-8"
    response = yield from session.task("POST", _PLACE % "events", json=values, headers=headers)
    return read(response, _REFUSALS, session)


def message(session, handler):
    """Task: fetch one message for this device. Returns whether there was one.

    `handler(body)`: called with the message, bytes. Once it returns, the hub deletes the message. Microsoft asks
    devices to poll at most every 25 minutes.
    """
    response = yield from session.task("GET", _PLACE % "deviceBound")
    if response.status_code == 204:
        return False
    if response.status_code != 200:  # the body may be anything then, even HTML
        read(response, _REFUSALS, session)
    handler(response.content)
    lock = response.headers.get("etag", "").strip('"')
    path = _PLACE % ("deviceBound/" + quote(lock))
    read((yield from session.task("DELETE", path)), _REFUSALS, session)
    return True
