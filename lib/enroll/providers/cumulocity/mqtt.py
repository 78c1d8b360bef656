"""Cumulocity over MQTT: the device's own user, and SmartREST.

Follows https://cumulocity.com/docs/smartrest/mqtt-static-templates/.
"""

from ...url import split

if False:  # for type hints only
    from ...credential import Credential


def mqtt(credential: "Credential", now: int, own: dict) -> dict:
    """See enroll.broker."""
    return {
        "host": split(credential.config.url)[1],
        "client_id": credential.device_id,
        "user": credential.extra["user"],
        "password": credential.secret.reveal(),
        "publish": ("s/us",),
        "subscribe": ("s/ds", "s/e"),
    }
