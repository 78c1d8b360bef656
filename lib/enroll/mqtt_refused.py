"""What it means that umqtt did not connect. Loaded only then."""

from .errors import EnrollError

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

_BASE = const(20)  # simple2 adds it to the codes 1 to 5, and has further codes
_MOST = const(5)


def refused(client: "Any", error: Exception, access: dict) -> int:
    """Return 401 if `error` of umqtt's `connect` says that the broker refused the password. Raises EnrollError else."""
    code = error.args[0] if error.args else 0
    if hasattr(client, "newpid"):  # simple2
        if code == _BASE and error.args[1:]:
            code = error.args[1]
        else:
            code = code - _BASE if _BASE < code <= _BASE + _MOST else 0
    if code in (4, 5):
        return 401
    if code:
        raise EnrollError("server" if code == 3 else "answer", "the broker refused, error %d" % code)
    raise EnrollError(
        "answer",
        "%s:%d did not answer as MQTT" % (access["host"], access["port"]),
        "check `mqtt.host` and `mqtt.port`",
    )
