"""What mqtt_as takes, for a registered device."""

from binascii import a2b_base64

from .calendar import now
from .errors import EnrollError

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from .config import Config

_REQUIRED = const(2)  # CERT_REQUIRED


def made(config: "Config", port) -> dict:
    """See mqtt.config."""
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
    networks = config.network
    if not networks:
        from .networks import remembered

        networks = remembered(config)
    if networks:
        password = networks[0]["password"]
        found["ssid"] = networks[0]["ssid"]
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
        raise EnrollError("configuration", "%s is not a single certificate" % path, "name one for mqtt_as in `mqtt.ca`")
    return data
