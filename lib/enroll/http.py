"""HTTP(S) for callers who may block, called like micropython-lib's urequests; `transport` verifies and bounds."""

from . import wait
from .errors import EnrollError
from .transport import exchange

if False:  # for type hints only
    from .transport import Exchange


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
    """An answer: `status_code`, `reason`, `headers`, `content`, `text`, `json()`, `raw.read()`, `close()`."""

    def __init__(self, it: "Exchange", feed) -> None:
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

    def read(self) -> bytes:
        """The next bytes of the body, b"" at its end."""
        return wait.run(self._it.piece(), self._feed)

    def fill(self, limit: int):
        """Task: read the body into `content` and close. Raises EnrollError("answer") beyond `limit` bytes."""
        content = bytearray()
        try:
            while True:
                piece = yield from self._it.piece()
                if not piece:
                    break
                content.extend(piece)
                if len(content) > limit:
                    raise EnrollError("answer", "the answer is too long")
        finally:
            self.close()
        self.content = bytes(content)

    @property
    def text(self) -> str:
        return str(self.content, "utf-8")

    def json(self):
        import json

        return json.loads(self.content)

    def close(self) -> None:
        self._it.close()


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
):
    """Task: the same as `request`."""
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
    it = yield from exchange(method, url, data or b"", headers, timeout or 20, ca, None, not parse_headers)
    response = Response(it, feed)
    if not stream:
        yield from response.fill(limit)
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
