"""The parts of a description that a registered device needs: headers, and the credential's expiry."""

from ...calendar import now as clock
from ...config import Secret
from . import fill, known, take

if False:  # for type hints only
    from typing import Any

    from ...config import Config
    from ...credential import Credential

_NEVER = 1 << 40  # Unix seconds
_LEFT = 1000000000  # a smaller number is a lifetime, not a date
_SECONDS = 100000000000  # a larger one is in milliseconds, or in parts of these
_EARLY = 60  # seconds before its end at which enroll/renew.py replaces a credential


def named(credential: "Credential") -> dict:
    """The values that answers have given."""
    found = {}
    for name, value in credential.extra.items():
        found[name] = value.reveal() if isinstance(value, Secret) else value
    found["id"] = credential.device_id
    found["secret"] = credential.secret.reveal()
    return found


def headers(credential: "Credential", now: int) -> dict[str, str]:
    """See `enroll.providers`."""
    section = credential.config.section
    return fill(section["headers"], known(section, now, named(credential)))


def refresh(config: "Config", credential: "Credential", now: int):
    """Generator, see `enroll.providers`. Templates get all that earlier answers have given. Of these, the secret does
    not count as the new one, nor does the old expiry.
    """
    section = config.section
    old = named(credential)
    task = take(config, now, section["refresh"], old)
    answer = None
    try:
        while True:
            step: Any = task.send(answer)
            if getattr(step, "credential", False):  # the request that brings the new one
                replaced = ("expires", "secret")[: 1 + ("secret" in step.step["take"])]
                for name in replaced:
                    if step.taken.get(name) == old.get(name):
                        step.taken = {it: value for it, value in step.taken.items() if it != name}
            answer = yield step
    except StopIteration:
        pass


def until(value) -> int:
    """The expiry in Unix seconds, from a date or a lifetime in an answer; never, if it is none or is over already. What
    is valid for less than two minutes counts as valid for half of that and a minute, so that it is used at all.
    """
    now = clock()
    try:
        try:
            value = int(value)
            while value > _SECONDS:
                value //= 1000
            if value < _LEFT:
                value += now
        except ValueError:
            from .dates import unix

            value = unix(value)
    except (AttributeError, TypeError, ValueError, OverflowError):  # the last: 1e999 is infinity
        return _NEVER
    left = value - now
    return now + max(left, left // 2 + _EARLY) if left > 0 else _NEVER


def expires(credential: "Credential") -> int:
    """See `enroll.providers`."""
    return credential.extra.get("expires", _NEVER) if credential.config.section["refresh"] else _NEVER
