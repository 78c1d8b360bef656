"""The parts of a description that a registered device needs: headers, and the credential's expiry."""

from ...calendar import now as clock
from ...config import Secret
from . import fill, known

if False:  # for type hints only
    from ...credential import Credential

_NEVER = 1 << 40  # Unix seconds
_LEFT = 1000000000  # a smaller number is a lifetime, not a date


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


def until(value) -> int:
    """The expiry in Unix seconds, from a date or a lifetime in an answer; never, if it is not a number."""
    try:
        value = int(value)
    except (TypeError, ValueError, OverflowError):  # the last: 1e999 is infinity
        return _NEVER
    return value + clock() if value < _LEFT else value


def expires(credential: "Credential") -> int:
    """See `enroll.providers`."""
    return credential.extra.get("expires", _NEVER) if credential.config.section["refresh"] else _NEVER
