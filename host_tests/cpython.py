"""What MicroPython has and CPython lacks, for lib/enroll alone.

`install` gives the modules of the package `enroll` an `import` of their own, in which `micropython`, `time`, `socket`,
`struct`, `gc`, `deflate` and `tls` are the ones below; nobody else in this process sees them.
"""

import builtins
import gc
import importlib.machinery
import socket
import ssl
import struct
import sys
import time
import types
import zlib
from collections.abc import Callable, Sequence
from typing import Any

_UNTRUSTED = "The certificate is not correctly signed by the trusted CA"
_ANOTHER = "The certificate Common Name (CN) does not match with the expected CN"
_REASONS = {  # OpenSSL's X509_V_ERR_..., in mbedTLS's words
    9: "The certificate validity starts in the future",
    10: "The certificate validity has expired",
    62: _ANOTHER,
    64: _ANOTHER,
}


def _unless_blocked(call: Callable[[Any], Any], data: Any) -> Any:
    """`call(data)`, or None where it would block, as MicroPython's streams say it."""
    try:
        return call(data)
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return None


class Socket(socket.socket):
    """A socket that is a stream too."""

    def read(self, size: int) -> Any:
        """At most `size` bytes, or None."""
        return _unless_blocked(super().recv, size)

    def write(self, data: bytes) -> Any:
        """Number of bytes written, or None."""
        return _unless_blocked(super().send, data)


class Stream:
    """A TLS connection. Reading and writing drive its handshake; a certificate that is refused is a ValueError.

    `verified(certificate, depth)`, if any, is called once the server's has been verified.
    """

    def __init__(self, wrapped: ssl.SSLSocket, verified: Callable[[bytes, int], int] | None) -> None:
        self._wrapped = wrapped
        self._verified = verified if wrapped.context.verify_mode else None
        self.fileno = wrapped.fileno
        self.close = wrapped.close

    def _call(self, call: Callable[[Any], Any], data: Any) -> Any:
        try:
            return _unless_blocked(call, data)
        except ssl.SSLCertVerificationError as error:
            raise ValueError(_REASONS.get(error.verify_code, _UNTRUSTED)) from error
        finally:
            self._tell()

    def _tell(self) -> None:
        try:
            certificate = self._wrapped.getpeercert(True)
        except ValueError:  # the handshake is not over
            return
        if self._verified and certificate:
            self._verified(certificate, 0)
            self._verified = None

    def read(self, size: int) -> Any:
        """At most `size` bytes, or None."""
        return self._call(self._wrapped.recv, size)

    recv = read

    def write(self, data: bytes) -> Any:
        """Number of bytes written, or None."""
        return self._call(self._wrapped.send, data)


class SSLContext:
    """As in MicroPython's `tls`: only what a client sets."""

    def __init__(self, protocol: int) -> None:
        self._context = ssl.SSLContext(protocol)
        self.verify_callback: Callable[[bytes, int], int] | None = None

    @property
    def verify_mode(self) -> int:
        """CERT_NONE or CERT_REQUIRED, which checks the name too."""
        return self._context.verify_mode

    @verify_mode.setter
    def verify_mode(self, mode: int) -> None:
        self._context.check_hostname = mode != ssl.CERT_NONE
        self._context.verify_mode = ssl.VerifyMode(mode)

    def load_verify_locations(self, data: bytes) -> None:
        """Trust the certificate `data`, in DER."""
        try:
            self._context.load_verify_locations(cadata=bytes(data))
        except ssl.SSLError as error:
            raise ValueError("invalid cert") from error

    def wrap_socket(self, sock: socket.socket, **more: Any) -> Stream:
        """A TLS connection over `sock`."""
        return Stream(self._context.wrap_socket(sock, **more), self.verify_callback)


class DeflateIO:
    """As in MicroPython's `deflate`, for reading gzip or zlib."""

    def __init__(self, stream: Any, kind: int, bits: int) -> None:
        self._stream = stream
        self._inflate = zlib.decompressobj(kind)

    def read(self, size: int) -> bytes:
        """The next `size` bytes at most, b"" at the end. Raises OSError for what is damaged, EOFError for a cut."""
        try:
            piece = self._inflate.decompress(self._inflate.unconsumed_tail or self._stream.read(64), size)
            while not piece and not self._inflate.eof:
                data = self._inflate.unconsumed_tail or self._stream.read(64)
                if not data:
                    raise EOFError
                piece = self._inflate.decompress(data, size)
            return piece
        except zlib.error as error:
            raise OSError(22) from error


def _unpack(layout: str, data: bytes) -> tuple[Any, ...]:
    try:
        return struct.unpack(layout, data)
    except struct.error as error:
        raise ValueError("buffer too small") from error


def _like(original: types.ModuleType, **more: Any) -> types.SimpleNamespace:
    """A module with everything of `original`, and `more`."""
    return types.SimpleNamespace(**{**vars(original), **more})


_OURS = {
    "deflate": types.SimpleNamespace(DeflateIO=DeflateIO, AUTO=zlib.MAX_WBITS | 32),
    "gc": _like(gc, mem_free=lambda: 1 << 30),
    "micropython": types.SimpleNamespace(const=lambda value: value),
    "socket": _like(socket, socket=Socket),
    "struct": _like(struct, unpack=_unpack),
    "time": _like(
        time,
        ticks_ms=lambda: time.monotonic_ns() // 1_000_000,
        ticks_add=lambda ticks, delta: ticks + delta,
        ticks_diff=lambda later, earlier: later - earlier,
        sleep_ms=lambda ms: time.sleep(ms / 1000),
    ),
    "tls": types.SimpleNamespace(
        SSLContext=SSLContext,
        PROTOCOL_TLS_CLIENT=ssl.PROTOCOL_TLS_CLIENT,
        CERT_NONE=ssl.CERT_NONE,
        CERT_REQUIRED=ssl.CERT_REQUIRED,
    ),
}


def _import(name: str, *context: Any, **more: Any) -> Any:
    level = context[3] if len(context) > 3 else more.get("level", 0)
    return _OURS[name] if level == 0 and name in _OURS else __import__(name, *context, **more)


_compiled: dict[str, Any] = {}  # by path: the library unloads modules, and imports them again and again


class _Loader(importlib.machinery.SourceFileLoader):
    def get_code(self, fullname: str) -> Any:
        if self.path not in _compiled:
            _compiled[self.path] = super().get_code(fullname)
        return _compiled[self.path]

    def exec_module(self, module: types.ModuleType) -> None:
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": _import}
        super().exec_module(module)


class _Finder(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] != "enroll":
            return None
        spec = super().find_spec(fullname, path, target)
        if spec and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


def install(**instead: Any) -> None:
    """Make `enroll` be imported as described above. Call this before anything imports it. `instead`: other modules, by
    name.
    """
    _OURS.update(instead)
    sys.meta_path.insert(0, _Finder)
    setattr(sys.implementation, "_machine", "a computer with CPython")  # noqa: B010  (no stub knows it)
