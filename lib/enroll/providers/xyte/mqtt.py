"""Xyte over MQTT, for devices whose model uses it.

Follows https://dev.xyte.io/reference/setting-up-mqtt. Xyte wants MQTT 5, which mqtt_as speaks and umqtt does not: with
umqtt a device can subscribe, but not prove who publishes.
"""

from ...errors import EnrollError
from ...url import split

if False:  # for type hints only
    from ...credential import Credential


def mqtt(credential: "Credential", now: int, own: dict) -> dict:
    """See enroll.broker."""
    found: dict = {}
    if not own.get("host"):
        address = str(credential.extra.get("mqtt_hub_url")).partition("://")[2]
        try:
            _, found["host"], port, _ = split("https://" + address)
        except ValueError:
            raise EnrollError("configuration", "this device has no `mqtt_hub_url`", "choose MQTT for its model in Xyte")
        if ":" in address:
            found["port"] = port
    topic = "v1/device/%s/" % credential.device_id
    found.update(
        {
            "client_id": credential.device_id,
            "user": credential.device_id,
            "password": credential.secret.reveal(),
            "publish": (topic + "telemetry", topic + "commands/update", topic + "config/update"),
            "subscribe": (topic + "command", topic + "config"),
            "mqttv5": True,
        }
    )
    return found
