"""HTTP(S) requests with the interface of micropython-lib's urequests, over the verified and bounded client of http1.py.

`request` blocks; `fetch` is a task.
"""

from time import ticks_add, ticks_ms, time

from . import tasks
from .errors import EnrollError
from .http1 import Exchange, add, encode, exchange
from .url import split

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

_SILENCE = const(30)  # seconds for which an idle connection is kept at most


class Headers(dict):
    """Response headers. Look-ups ignore case."""

    def get(self, name: str, default=None):
        return super().get(name.lower(), default)

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __contains__(self, name) -> bool:
        return self.get(name) is not None


class Response:
    """An answer as urequests returns it: `status_code`, `reason`, `headers`, `content`, `text`, `json()`, `raw.read()`,
    `close()`. `retry_after`: seconds that the server asks to wait, or None.
    """

    def __init__(self, it: Exchange, feed) -> None:
        self.status_code = it.status_code
        try:
            self.reason = str(it.line[13:], "utf-8")
        except ValueError:
            self.reason = ""
        self.headers = Headers(it.headers)
        self.content = b""
        self.raw = self
        self._it = it
        self._feed = feed

    @property
    def retry_after(self) -> int | None:
        from .backoff import after
        from .calendar import now

        return after(self.headers, now())

    def read(self) -> bytes:
        """Return the next bytes of the body as they were sent, b"" at its end."""
        return tasks.run(self._it.read(), self._feed)

    @property
    def text(self) -> str:
        return str(self.content, "utf-8")

    def json(self):
        import json

        return json.loads(self.content)

    def close(self) -> None:
        self._it.close()
        # some ports close by number, which by then may be another socket's
        self.close = tasks.ignore  # type: ignore[method-assign]


def _idle_limit(it: Exchange) -> int:
    """Seconds for which the connection of `it` may be idle and is still usable (RFC 9112, 9.3): 0 to 30."""
    options = [option.strip() for option in it.headers.get("connection", "").lower().split(",")]
    if (
        it.left != 0
        or it.connection.rest
        or "close" in options
        or (it.line[7:8] == b"0" and "keep-alive" not in options)
    ):
        return 0
    lasts = _SILENCE
    for part in it.headers.get("keep-alive", "").lower().split(","):
        name, _, value = part.partition("=")
        if name.strip() == "timeout" and value.strip().isdigit():
            lasts = min(lasts, int(value))
    return lasts


def expire(idle: list | None) -> None:
    """Close the connection in `idle`, see `fetch`, if it has been silent for too long."""
    if idle:
        connection, since, lasts = idle[0]
        if not 0 <= time() - since < lasts:  # negative: the clock was set back
            idle.pop()
            connection.close()


def _usable(stream) -> bool:
    """Whether an idle connection is still usable: it has received nothing, not even the end of the stream."""
    try:
        return (getattr(stream, "recv", None) or stream.read)(1) is None
    except OSError as error:
        return error.errno in (11, 35)  # EAGAIN on Linux and lwIP, and on macOS


def _reuse(method: str, request: "tuple[bytes, Any]", connection, timeout: float, repeat: bool):
    """Task: the same as `exchange` over a `connection` that was used before. Returns None if it failed and the request
    should be sent again over a new one.

    `request`: what `encode` returned. `repeat`: whether it may be sent again even if the server may have acted on it. A
    load balancer may have forgotten the connection; then nobody answers. So the head of the answer must come within
    part of `timeout` (seconds): that leaves time to send the request again.
    """
    patience = timeout / (4 if repeat else 2)
    connection.end = ticks_add(ticks_ms(), int(patience * 1000))
    connection.left = None
    it = None
    try:
        if _usable(connection.stream):
            it = Exchange(connection)
            yield from it.ask(method, *request, tasks.ignore, False)
            connection.end = ticks_add(connection.end, int((timeout - patience) * 1000))
            connection = None
            return it
    except OSError:
        if hasattr(it, "line") or (connection.left and not repeat):
            raise  # the server acted on the request, or may have
    finally:
        if connection:
            connection.close()


def _fill(it: Exchange, limit: int):
    """Task: return the body of `it`, decompressed. Raises EnrollError("answer") beyond `limit` bytes."""
    content = bytearray()
    while True:
        piece = yield from it.read()
        if not piece:
            break
        content.extend(piece)
        if len(content) > limit:
            raise EnrollError("answer", "the answer is too long")
    if content and it.headers.get("content-encoding", "").lower() in ("gzip", "x-gzip", "deflate"):
        from .inflate import inflate

        return inflate(bytes(content), limit)
    return bytes(content)


def fetch(
    method,
    url,
    data=None,
    json=None,
    headers=None,
    stream=None,
    auth=None,
    timeout=None,
    parse_headers=True,
    ca=None,
    limit=16384,
    feed=tasks.ignore,
    idle=None,
    repeat=False,
):
    """Task: the same as `request`, with two more parameters.

    `idle`: a list that holds the idle connection, or nothing. The request uses that connection, and leaves its own
    there if the server keeps it open; pass the same list only for the same host. `repeat`: True if the server may
    safely act on the request twice, whatever its method.
    """
    if not method.isalpha():
        raise EnrollError("configuration", "invalid HTTP method", "use one like GET")
    try:
        target = split(url)
    except ValueError:
        raise EnrollError("configuration", "invalid http(s) URL", "percent-encode # and all but printable ASCII")
    headers = dict(headers or {})
    if json is not None:
        import json as codec

        data = codec.dumps(json)
        add(headers, "Content-Type", "application/json")
    if isinstance(data, str):
        data = data.encode()
    data = data or b""
    if auth:
        from .basic import basic

        add(headers, "Authorization", basic(*auth))
    if idle is not None and not stream:
        add(headers, "Connection", "keep-alive")
    timeout = timeout or 20
    it = None
    expire(idle)
    if idle:
        began = time()
        it = yield from _reuse(
            method,
            encode(method, target, headers, data),
            idle.pop()[0],
            timeout,
            repeat or method not in ("POST", "PATCH"),
        )
        timeout -= min(max(time() - began, 0), timeout / 4)
    if not it:
        it = yield from exchange(method, url, data, headers, timeout, ca, brief=not parse_headers)
    response = Response(it, feed)
    if stream:
        return response
    lasts = 0
    try:
        response.content = yield from _fill(it, limit)
        if idle is not None and headers.get("Connection") == "keep-alive":
            lasts = _idle_limit(it)
    finally:
        if not lasts:
            response.close()
    if lasts:
        idle.append((it.connection, time(), lasts))
        # code that was written for urequests closes each response
        response.close = tasks.ignore  # type: ignore[method-assign]
    return response


def request(method, url, *positional, **more):
    """Send a request and wait for its answer, as urequests does. Returns a Response.

    `data`: the body, str or bytes. `json`: an object to send as the body instead. `headers`: a dict; overrides the
    headers that are sent by default. `stream`: True leaves the body to `response.raw.read()`; otherwise the body is
    read (at most `limit` bytes) and the connection is closed. `auth`: (user, password) for HTTP Basic. `timeout`:
    seconds for everything together, 20 if None. `parse_headers`: False keeps only the headers that this package needs.
    `ca`: path of the CA certificates, required for https. `feed()`: called at least every quarter of a second.

    Raises OSError for the connection, and EnrollError for the rest (`certificate`, `memory`, `network`, `answer`,
    `configuration`).
    """
    return tasks.run(fetch(method, url, *positional, **more), more.get("feed", tasks.ignore))
