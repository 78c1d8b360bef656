"""Unix seconds from an HTTP Date header. clock.py imports this only if no time server answers."""

from . import http1
from .errors import EnrollError
from .httpdate import http_date

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from .config import Config

_ETIMEDOUT = const(110)


def ask(config: "Config", earliest: int, check):
    """Task: return Unix seconds from the Date that the service's server sends to anyone, in answer to HEAD or else GET.

    `check(unix, earliest)`: returns a time that can be true and raises EnrollError for any other. Raises OSError or
    EnrollError.
    """
    origin = "/".join(config.url.split("/")[:3])
    for method in ("HEAD", "GET"):
        try:
            it = yield from http1.exchange(method, origin, timeout=config.timeout, verify=False)
            it.close()
            return check(http_date(it.headers.get("date", ""), earliest) or -1, earliest)
        except (OSError, EnrollError) as error:
            failure = error
            if _ETIMEDOUT in error.args:
                break  # another method would take as long
    raise failure
