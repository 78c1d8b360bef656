"""Hand-over to MQTT: clients of others for a registered device, which send its password to a verified broker only."""

from binascii import a2b_base64

from .calendar import now
from .errors import EnrollError

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from .config import Config

_REQUIRED = const(2)  # CERT_REQUIRED


def connect(config: "Config", port, *settings, **more):
    """Return a connected client of umqtt.simple, see mqtt_client.Client. Raises OSError and EnrollError."""
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
    from . import stored

    credential = stored(config, port)
    if not credential:
        raise EnrollError("configuration", "this device is not registered", "call enroll.run first")
    found = credential.mqtt(now())
    for key in ("user", "password"):
        found[key] = found[key].reveal()
    found["server"] = host = found["host"]
    found["ssl"] = True
    # without do_handshake, TLS makes no task wait: mqtt_as polls it; nothing is sent before the broker is verified
    found["ssl_params"] = {
        "cert_reqs": _REQUIRED,
        "cadata": _authority(found["ca"]),
        "server_hostname": host,
        "do_handshake": False,
    }
    if config.network:
        password = config.network[0]["password"]
        found["ssid"] = config.network[0]["ssid"]
        found["wifi_pw"] = password.reveal() if password else ""
    return found


def _authority(path: str) -> bytes:
    """The certificate in the file at `path`, in DER. Raises EnrollError, also if there are several."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError as error:
        from .tlserror import useless

        raise useless(path, error)
    pem = data.split(b"CERTIFICATE-----")[1::2]
    if pem:
        data = a2b_base64(pem[0].partition(b"-----")[0])
    if pem[1:] or len(data) != 4 + int.from_bytes(data[2:4], "big"):
        raise EnrollError(
            "configuration", "%s has not one certificate" % path, "mqtt_as takes one, name it in `mqtt.ca`"
        )
    return data
