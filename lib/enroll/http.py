"""HTTP(S) for callers who may block, called like micropython-lib's urequests; `connection` verifies, `http1` bounds."""

from . import wait
from .errors import EnrollError
from .http1 import Exchange, exchange, place


class Headers(dict):
    """Response headers; look-ups ignore case."""

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
    """An answer: `status_code`, `reason`, `headers`, `content`, `text`, `json()`, `raw.read()`, `close()`, and
    `retry_after`, the seconds that the server asks to wait, or None.
    """

    def __init__(self, it: Exchange, feed) -> None:
        self.status_code = it.status_code
        try:
            self.reason = str(it.reason, "utf-8")
        except ValueError:
            self.reason = ""
        self.headers = Headers(it.headers)
        self.content = b""
        self.raw = self
        self._it = it
        self._feed = feed

    @property
    def retry_after(self) -> int | None:
        from .dates import http_date
        from .retry import after

        return after(self.headers.get("retry-after", ""), http_date(self.headers.get("date", "")) or 0)

    def read(self) -> bytes:
        """The next bytes of the body, b"" at its end."""
        return wait.run(self._it.piece(), self._feed)

    @property
    def text(self) -> str:
        return str(self.content, "utf-8")

    def json(self):
        import json

        return json.loads(self.content)

    def close(self) -> None:
        self._it.close()


def _again(before: Exchange, method: str, url: str, body, headers: dict, timeout: float):
    """Task: what `exchange` does, over the connection that `before` has used; None if it turns out to be closed."""
    quiet = before.connection.again(timeout)
    it = Exchange(before.connection)
    answered = None
    try:
        if quiet:
            yield from it.ask(method, place(url), headers, body, wait.ignore, False)
            answered = it
    except OSError as error:
        # it may have been acted on, or it has taken the time that there was (ETIMEDOUT)
        if it.status_code != 100 or method in ("POST", "PATCH") or error.errno == 110:
            raise
    finally:
        if not answered:
            it.close()
    return answered


def _fill(it: Exchange, limit: int):
    """Task: the body of `it`. Raises EnrollError("answer") beyond `limit` bytes."""
    content = bytearray()
    while True:
        piece = yield from it.piece()
        if not piece:
            return bytes(content)
        content.extend(piece)
        if len(content) > limit:
            raise EnrollError("answer", "the answer is too long")


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
    feed=wait.ignore,
    idle=None,
):
    """Task: the same as `request`. `idle`: a list for the connection, which is left there if the server keeps it open,
    with its Host header; the next request to the same host takes it from there.
    """
    if not method.isalpha():
        raise EnrollError("configuration", "no HTTP method: give a word like GET")
    headers = dict(headers or {})
    if json is not None:
        import json as codec

        data = codec.dumps(json)
        headers["Content-Type"] = "application/json"
    if isinstance(data, str):
        data = data.encode()
    if auth:
        from .digest import basic

        headers["Authorization"] = basic(*auth)
    if idle is not None and not stream:
        headers["Connection"] = "keep-alive"
    it = None
    if idle:
        before, headers["Host"] = idle.pop()
        it = yield from _again(before, method, url, data or b"", headers, timeout or 20)
    if not it:
        it = yield from exchange(method, url, data or b"", headers, timeout or 20, ca, wait.ignore, not parse_headers)
    response = Response(it, feed)
    if stream:
        return response
    keep = False
    try:
        response.content = yield from _fill(it, limit)
        over = it.left == 0 and not it.chunked and not it.rest
        keep = idle is not None and over and it.headers.get("connection", "").lower() != "close"
    finally:
        if not keep:
            it.close()
    if keep:
        idle.append((it, headers["Host"]))
    return response


def request(method, url, *positional, **more):
    """Send a request and wait for its answer, as urequests does.

    `data`: str or bytes; `json`: becomes the body instead. `headers`: a dict. `stream`: leave the body to
    `response.raw.read()`, else it is read (at most `limit` bytes) and the connection closed. `auth`: (user, password)
    for HTTP Basic. `timeout`: seconds for everything together, 20 if None. `ca`: path of the certificates to trust,
    needed for https. `feed()` is called at least every quarter of a second. Returns a Response. Raises OSError for the
    connection and EnrollError for the rest (`certificate`, `answer`, `configuration`).
    """
    return wait.run(fetch(method, url, *positional, **more), more.get("feed", wait.ignore))
