"""What a service has given a device, and how it is kept."""

import json

from .config import Secret

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from .config import Config

_MOST = const(8192)  # bytes that a record takes


class Credential:
    """The device's place at its service: `provider` (name), `device_id`, `secret` (a Secret) and `extra`, the rest of
    the answer.
    """

    def __init__(self, config: "Config", device_id: str, secret: str, extra: dict, renewed=0) -> None:
        """`config`: what it was given for. `renewed`: when the device last registered again after a 401 (Unix seconds),
        0 if never.
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
        """The rest of the answer. Whatever in it is secret by its name is a Secret, see extra_secrets.py."""
        if not self._sealed:
            from .extra_secrets import seal

            seal(self)
        return self._extra

    def headers(self, now: int) -> dict[str, str]:
        """The headers that authorise a request at `now`, Unix seconds."""
        return self.config.service.headers(self, now)

    def encode(self) -> bytes:
        """What is kept of it, at most 8 192 bytes. A field that could not be read back, or has no room, is left out."""
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
