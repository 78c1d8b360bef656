"""What an MQTT broker wants of a registered device.

What depends on the cloud is in the module `mqtt` of its provider, with these names:

    mqtt(credential, now, own)  returns the values of `access` that the cloud gives. `own`: those from enroll.json,
                                which come first, by key
    TABLE, check(section, own)  optional: keys of the object `mqtt` in enroll.json that only this provider has, and
                                their check
"""

from .config import Secret, provider, unload
from .errors import EnrollError

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

    from .config import Config
    from .credential import Credential

_TABLE = const("host-A ca-U client_id-A")
_NUMBERS = const(("port", "keepalive"))
_MOST = const(65535)
_LEAST = const(60)  # seconds
_NEVER = const(1 << 40)  # Unix seconds; providers return this, or more


def own(config: "Config") -> dict:
    """The values of the object `mqtt` in enroll.json that are not left out. Raises EnrollError("configuration")."""
    from . import reader

    found = config.path and reader.read(config.path).get("mqtt")
    del reader
    unload("reader", "scalars")
    return checked(config, found if isinstance(found, dict) else {})  # blank text counts as left out, see schema.py


def checked(config: "Config", found: dict) -> dict:
    """Check `found`, the object `mqtt`, and return it without the values that are left out; `ca` as a whole path.

    Raises EnrollError("configuration").
    """
    from .schema import fields

    found = dict(found)
    numbers = {}
    for key in _NUMBERS:
        value = numbers[key] = found.pop(key, None)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MOST):
            from .mistakes import wrong

            raise wrong("mqtt.%s` must be a whole number from 1 to 65535" % key)
    service = _service(config)
    found = fields(found, getattr(service, "TABLE", _TABLE), "mqtt")
    if hasattr(service, "check"):
        service.check(config.section, found)
    unload("schema", "values")
    found.update(numbers)
    ca = found["ca"]
    if ca and ca[0] != "/":
        found["ca"] = config.path[: config.path.rfind("/") + 1] + ca
    return {key: value for key, value in found.items() if value is not None}


def _service(config: "Config") -> "Any":
    try:
        return provider(config.provider + ".mqtt")
    except ImportError:
        raise EnrollError("configuration", "%s offers its devices no MQTT" % config.provider, "use a Session")


def access(credential: "Credential", now: int) -> dict:
    """What a broker wants of the device of `credential` at `now`, Unix seconds.

    `host`, `port`; `ca`: path of the certificates that the broker's is checked with; `client_id`; `user` and
    `password`, both a Secret; `publish` and `subscribe`: the topics that the cloud knows, with wildcards; `keepalive`:
    seconds; `expires`: when the password expires in Unix seconds, None for never.

    Raises EnrollError: `configuration` if the cloud or its answer has no MQTT, `clock` as `Credential.headers` does.
    """
    config = credential.config
    mine = own(config)
    service = config.service
    found: dict = {"port": 8883, "ca": config.ca, "keepalive": 60, "expires": None}
    if hasattr(service, "expires"):
        until = service.expires(credential)
        # at least a minute: one that is over, and cannot be refreshed now, would be renewed with each message
        found["expires"] = max(until, now + _LEAST) if until < _NEVER else None
    found.update(_service(config).mqtt(credential, now, mine))
    found.update(mine)
    if not found["ca"]:
        raise EnrollError("configuration", "`mqtt.ca` is missing", "the broker's certificate needs it")
    for key in ("user", "password"):
        found[key] = Secret(found[key])
    return found
