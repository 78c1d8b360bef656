"""Azure IoT Hub over MQTT: the password is a token that expires after an hour.

Follows https://learn.microsoft.com/azure/iot/iot-mqtt-connect-to-iot-hub, "Using the MQTT protocol directly".
"""

from ...url import split
from .hub import headers

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from ...credential import Credential

_USER = const("%s/%s/?api-version=2021-04-12")


def mqtt(credential: "Credential", now: int, own: dict) -> dict:
    """See enroll.broker."""
    device_id = credential.device_id
    hub = credential.extra["hub"]
    token = headers(credential, now)["Authorization"]
    messages = "devices/%s/messages/" % device_id
    return {
        "host": split("https://" + hub)[1],
        "client_id": device_id,
        "user": _USER % (hub, device_id),
        "password": token,
        "expires": int(token.rpartition("=")[2]),
        "publish": (messages + "events/",),
        "subscribe": (messages + "devicebound/#",),
    }
