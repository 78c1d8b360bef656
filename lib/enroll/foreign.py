"""Lets an Enroller send its requests with another function like urequests' `request`, in place of http1.py."""

from .tasks import ignore

if False:  # for type hints only
    from typing import Any


class _Exchange:
    """Stands for http1's Exchange: the answer `it`, whose body has been read already."""

    def __init__(self, it) -> None:
        self.status_code = it.status_code
        self.headers = {name.lower(): it.headers[name] for name in it.headers}
        self.size = 0
        self._it = it

    def close(self) -> None:
        """Close the answer, which has been read."""
        try:
            self._it.close()
        except OSError:
            pass

    def body(self, buffer: bytearray):
        """Task: copy the body into `buffer`."""
        yield 0
        buffer[:] = self._it.content
        self.size = len(buffer)


def over(request):
    """Return a replacement for http1's `exchange`: it calls `request` with urequests' arguments only."""

    def exchange(
        method: str, url: str, body, headers: dict, timeout: float, ca=None, ready=ignore, brief=True
    ) -> "Any":
        yield 0
        ready()
        return _Exchange(request(method, url, data=body or None, headers=headers, timeout=timeout))

    return exchange
