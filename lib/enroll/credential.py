"""What a registration yields, and how it lies in the store."""

import json

from .config import Config, Secret, service
from .errors import EnrollError
from .store import Store

# States of a record. What lies in the body: nothing, nothing, the raw answer, the credential.
TRIED = 1  # a request has left, or may have; its outcome is not known
REFUSED = 2  # the service said no to every attempt so far
RAW = 3  # an answer is there that holds the credential
KEPT = 4


class Credential:
    """The device's place at its service: `provider` (name), `device_id`, `secret` (a Secret), `extra` (the answer's other fields)."""

    def __init__(self, provider: str, device_id: str, secret: str, extra: dict) -> None:
        self.provider = provider
        self.device_id = device_id
        self.secret = Secret(secret)
        self.extra = extra

    def headers(self) -> dict[str, str]:
        """The headers that authorise a later request."""
        return service(self.provider).headers(self)

    def encode(self) -> bytes:
        return json.dumps([self.device_id, self.secret.reveal(), self.extra]).encode()


def identity(config: Config) -> bytes:
    """Who registers, as it is kept with every record: the provider and what its IDENTITY names. Never a secret."""
    known = [config.section[key] for key in config.service.IDENTITY]
    return json.dumps([config.provider] + [value if isinstance(value, str) else None for value in known]).encode()


def _same(kept: bytes, config: Config) -> bool:
    """Whether a record is this configuration's; what the configuration leaves to the board fits anything."""
    theirs = json.loads(kept)
    ours = json.loads(identity(config))
    return len(theirs) == len(ours) and all([a is None or a == b for a, b in zip(ours, theirs)])


def recall(config: Config, store: Store) -> tuple[int, Credential | None]:
    """What `store` knows for `config`: (state, credential or None); state 0 if nothing.

    A damaged store counts as TRIED, because what it held cannot be known. A credential in an answer that was saved but
    not parsed any more (power failed) comes with state RAW. Needs no network and writes nothing.
    """
    record = store.load()
    if record is None:
        return (TRIED if store.damaged else 0), None
    state, who, body = record
    try:
        if not _same(who, config):
            return 0, None
        if state == KEPT:
            device_id, secret, extra = json.loads(body)
            return state, Credential(config.provider, device_id, secret, extra)
        if state == RAW:
            from .providers import Answer

            return state, config.service.parse(config, Answer(200, body))
    except EnrollError:
        pass  # not understood; a later version of this firmware may
    except ValueError:
        state = TRIED
    return state, None
