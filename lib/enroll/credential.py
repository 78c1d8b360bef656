"""What a service gave a device at registration, and how it is stored."""

import json

from .config import Secret

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from .config import Config

_MOST = const(8192)  # bytes of the longest body of a record, see journal.py


class Credential:
    """What authorises a registered device.

    `provider`: its name. `device_id`: str. `secret`: a Secret. `extra`: the rest of the service's answer.
    """

    def __init__(self, config: "Config", device_id: str, secret: str, extra: dict, renewed=0) -> None:
        """`config`: the Config that the device registered with. `renewed`: when the device last registered again after
        a 401, in Unix seconds; 0 if never.
        """
        self.renewed = renewed
        self.config = config
        self.provider = config.provider
        self.device_id = device_id
        self.secret = Secret(secret)
        self._extra = extra
        self._sealed = False

    @property
    def extra(self) -> dict:
        """The rest of the answer. A field whose name sounds secret is a Secret, see extra_secrets.py."""
        if not self._sealed:
            from .extra_secrets import seal

            seal(self)
        return self._extra

    def headers(self, now: int) -> dict[str, str]:
        """The headers that authorise a request at `now`, Unix seconds."""
        return self.config.service.headers(self, now)

    def mqtt(self, now: int) -> dict:
        """What an MQTT broker wants of this device at `now`, see broker.access."""
        from .broker import access

        return access(self, now)

    def encode(self) -> bytes:
        """The body of its record, at most 8 192 bytes. Leaves out fields that cannot be read back or do not fit."""
        if not self._sealed:
            text = json.dumps([self.device_id, self.secret.reveal(), self._extra, self.renewed]).encode()
            try:
                json.loads(text)
                if len(text) <= _MOST:
                    return text
            except (ValueError, TypeError, RuntimeError):
                pass
        from .extra_secrets import encode

        return encode(self, _MOST)
