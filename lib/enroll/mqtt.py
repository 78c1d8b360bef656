"""Hand-over to MQTT: clients of others for a registered device, which send its password to a verified broker only."""

from .config import unload
from .errors import EnrollError

if False:  # for type hints only
    from .config import Config


def connect(config: "Config", port, *settings, **more):
    """Return a connected client of umqtt.simple, see mqtt_client.Client. Raises OSError and EnrollError."""
    unload()  # makes the next import safe if an earlier one ran out of heap
    try:
        from .mqtt_client import Client
    except ImportError:
        raise EnrollError("configuration", "this board has no umqtt.simple", "install it with mip")
    client = Client(config, port, *settings, **more)
    client.connect()
    return client


def config(config: "Config", port) -> dict:
    """What mqtt_as takes: `mqtt_as.config.update(...)`. Uses no network: the link is up and the clock right already.

    It has the secrets as they are: never print it. Besides it has the values of broker.access, of which `expires` says
    when the password has to be replaced, by a client with a new dict. Raises EnrollError.
    """
    unload()
    from .mqtt_config import made

    return made(config, port)
