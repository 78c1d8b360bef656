"""ThingsBoard over MQTT: the access token is the user name, and there is no password.

Follows https://thingsboard.io/docs/reference/mqtt-api/.
"""

from ...url import split

if False:  # for type hints only
    from ...credential import Credential


def mqtt(credential: "Credential", now: int, own: dict) -> dict:
    """See enroll.broker."""
    return {
        "host": split(credential.config.url)[1],
        "client_id": credential.device_id,
        "user": credential.secret.reveal(),
        "password": "",
        "publish": ("v1/devices/me/telemetry", "v1/devices/me/attributes", "v1/devices/me/rpc/response/+"),
        "subscribe": ("v1/devices/me/attributes", "v1/devices/me/rpc/request/+"),
    }
