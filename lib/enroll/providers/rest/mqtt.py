"""A back end of your own: its broker, whose values in the object `mqtt` of enroll.json are templates."""

from . import fill, known, text
from .expression import expect, parse
from .later import named

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from ...credential import Credential

TABLE = "host!A ca-U client_id-A user-A password-A publish-A subscribe-A"
_TEMPLATES = const(("host", "client_id", "user", "password", "publish", "subscribe"))


class _Names:
    """The names that templates of a registered device may use, as `expect` wants them."""

    def __init__(self, section: dict) -> None:
        self.section = section
        self.values = section["values"]
        self.secrets = {name: secret.reveal() for name, secret in section["secrets"].items()}
        self.names = {"id", "secret"}
        for step in section["steps"] + section["refresh"]:
            self.names.update(step["take"])
        self.used: set[str] = set()


def check(section: dict, own: dict) -> None:
    """Turn each template in `own` into a tree, see expression.py. Raises EnrollError("configuration")."""
    names = _Names(section)
    for key in _TEMPLATES:
        template = own[key]
        if template:
            own[key] = parse(template, "mqtt." + key)
            expect(names, own[key], "mqtt." + key, template)


def mqtt(credential: "Credential", now: int, own: dict) -> dict:
    """See enroll.broker."""
    names = known(credential.config.section, now, named(credential))
    for key in _TEMPLATES:
        if key in own:
            own[key] = text(fill(own[key], names))
    for key in ("publish", "subscribe"):
        own[key] = (own[key],) if key in own else ()
    device_id = credential.device_id
    return {"client_id": device_id, "user": device_id, "password": credential.secret.reveal()}
