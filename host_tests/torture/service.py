"""A service that registers each device once, with answers as long and as odd as the limits allow."""

from __future__ import annotations

import contextlib
import importlib
import json
import re
import socket
import ssl
import threading
from pathlib import Path
from types import TracebackType

import cpython
import trustme
from answers import ONCE, success

cpython.install()

PATIENCE = 3  # seconds for a request; it is ready once the connection is open
HEAD = 16384  # bytes of status line and headers, as long as they ever are


def fitted(*lines: str) -> list[str]:
    """As many of `lines`, all equally long, as fit a head with its status line and framing."""
    return list(lines) * ((HEAD - 160) // (len(lines[0]) + 2) // len(lines))


HEADS = {
    "plain": ["Server: x"],
    "many": fitted("X-Filler: " + "y" * 288),
    "one": ["X-Filler: " + "y" * 7168],
    "tiny": fitted("A: b"),
    "changing": fitted("Date: Sun, 06 Nov 1994 08:49:37 GMT", "Date: Sun, 06 Nov 1994 08:49:38 GMT"),
    "waits": fitted("Retry-After: 1", "Retry-After: 2"),
    "dated": ["Retry-After: Sun, 06 Nov 1994 08:49:37 GMT"],
    "early": ["A: b", *fitted("\r\nHTTP/1.1 103 Early Hints"), "\r\nHTTP/1.1 200 OK"],
}
# How the end of a body is told: rightly, or so that it is one byte too long, never comes or makes no sense.
ENDS = {
    "length": "Content-Length: {size}",
    "chunked": "Transfer-Encoding: chunked",
    "close": "Connection: close",
    "long": "Connection: close",
    "cut": "Content-Length: {more}",
    "broken": "Transfer-Encoding: chunked",
}
SHAPES = [f"{head}-length" for head in HEADS] + [f"many-{end}" for end in ENDS if end != "length"]


def body(provider: str, token: str, scheme: str) -> bytes:
    """A success of `provider` that carries `token`, as long as an answer of it may be."""
    size = importlib.import_module(f"enroll.providers.{provider}").ANSWER
    more = {"boundToken": token} if provider == "centagate" else {}
    reply = success(provider, token, hub=f"{scheme}://hub.example.com", **more)
    text = json.dumps(reply)
    return text.encode() + b" " * (size - len(text))


def answer(shape: str, content: bytes) -> bytes:
    """A whole answer with `content`: the `shape` says which headers, and how its end is told."""
    head, end = shape.split("-")
    status = "103 Early Hints" if head == "early" else "200 OK"
    lines = [f"HTTP/1.1 {status}", *HEADS[head], ENDS[end].format(size=len(content), more=len(content) + 1), "", ""]
    if end in ("chunked", "broken"):
        last = b"0\r\n\r\n" if end == "chunked" else b"so much\r\n"
        content = b"".join(b"1\r\n%c\r\n" % byte for byte in content) + last
    elif end == "long":
        content += b" "
    return "\r\n".join(lines).encode() + content


class Service:
    """A server of `provider` at `url`, which ends in nothing: devices add /SHAPE/NUMBER. The NUMBER is who they are,
    and in the token, of 32 hex digits, that they are given once. `served`: how often each was answered.
    """

    def __init__(self, provider: str, folder: Path, tls: bool = False) -> None:
        self._provider = provider
        self._scheme = "https" if tls else "http"
        self._context: ssl.SSLContext | None = None
        self.ca = ""
        if tls:
            authority = trustme.CA(key_type=trustme.KeyType.ECDSA)
            self.ca = str(folder / "ca.pem")
            authority.cert_pem.write_to_path(self.ca)
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.ECDSA).configure_cert(self._context)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"{self._scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        self.served: dict[str, int] = {}
        self.left_open = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Service:
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            with contextlib.suppress(OSError), connection:
                connection.settimeout(PATIENCE)
                try:
                    if self._context:
                        with self._context.wrap_socket(connection, server_side=True) as stream:
                            self._converse(stream)
                    else:
                        self._converse(connection)
                except TimeoutError:
                    self.left_open += 1

    def _converse(self, stream: socket.socket) -> None:
        """Read a request and answer it."""
        request = b""
        while not (whole := re.match(rb"\w+ /([\w-]+)/(\d+)[/? ].*?\r\n\r\n(.*)", request, re.S)):
            piece = stream.recv(4096)
            if not piece:
                return
            request += piece
        length = re.search(rb"content-length: (\d+)", request.lower())
        missing = int(length[1]) - len(whole[3]) if length else 0
        while missing > 0:
            missing -= len(stream.recv(4096)) or missing
        shape, number = whole[1].decode(), whole[2].decode()
        self.served[number] = self.served.get(number, 0) + 1
        if self._provider in ONCE and self.served[number] > 1:
            stream.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        else:
            stream.sendall(answer(shape, body(self._provider, f"{int(number):032x}", self._scheme)))
