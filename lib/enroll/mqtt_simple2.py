"""What umqtt.simple2 wants besides: it polls its socket."""

import io
from select import POLLIN

from .errors import EnrollError
from .mqtt_stream import Stream

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_POLL = const(3)  # MicroPython's request of an ioctl


class Polled(io.IOBase, Stream):
    """A Stream that `poll` takes: MicroPython asks the first base class whether it is one."""

    def ioctl(self, request: int, flags: int) -> int:
        """MicroPython calls this from `poll`, again and again."""
        if request != _POLL:
            return 0
        self._port.feed()
        try:
            if flags & POLLIN and self._run(self._line.peek()) is None:
                return flags & ~POLLIN
        except (OSError, EnrollError):
            pass  # `read` raises it
        return flags
