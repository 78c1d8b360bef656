"""What MicroPython has and CPython lacks, for lib/enroll alone.

`install` gives the modules of the package `enroll` an `import` of their own, in which `micropython`, `time`, `socket`, `struct`
and `tls` are the ones below; nobody else in this process sees them.
"""

import builtins
import importlib.machinery
import socket as real_socket
import ssl
import struct as real_struct
import sys
import time as real_time
import types

_UNTRUSTED = "The certificate is not correctly signed by the trusted CA"
_REASONS = {  # OpenSSL's X509_V_ERR_..., in mbedTLS's words
    9: "The certificate validity starts in the future",
    10: "The certificate validity has expired",
    62: "The certificate Common Name (CN) does not match with the expected CN",
    64: "The certificate Common Name (CN) does not match with the expected CN",
}


def _unless_blocked(call, *args):
    """`call(*args)`, or None where it would block, as MicroPython's streams say it."""
    try:
        return call(*args)
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return None


class Socket(real_socket.socket):
    """A socket that is a stream too."""

    def read(self, size):
        return _unless_blocked(super().recv, size)

    def write(self, data):
        return _unless_blocked(super().send, data)


class Stream:
    """A TLS connection. Reading and writing drive its handshake; a certificate that is refused is a ValueError."""

    def __init__(self, wrapped: ssl.SSLSocket) -> None:
        self._wrapped = wrapped

    def _call(self, call, data):
        try:
            return _unless_blocked(call, data)
        except ssl.SSLCertVerificationError as error:
            raise ValueError(_REASONS.get(error.verify_code, _UNTRUSTED)) from error

    def read(self, size):
        return self._call(self._wrapped.recv, size)

    recv = read

    def write(self, data):
        return self._call(self._wrapped.send, data)

    def getpeercert(self, binary):
        try:
            return self._wrapped.getpeercert(binary)
        except ValueError:  # the handshake is not done yet
            return None

    def fileno(self):
        return self._wrapped.fileno()

    def close(self):
        self._wrapped.close()


class SSLContext:
    """As in MicroPython's `tls`: only what a client sets."""

    def __init__(self, protocol):
        self._context = ssl.SSLContext(protocol)

    @property
    def verify_mode(self):
        return self._context.verify_mode

    @verify_mode.setter
    def verify_mode(self, mode):
        self._context.check_hostname = mode != ssl.CERT_NONE
        self._context.verify_mode = mode

    def load_verify_locations(self, data):
        try:
            self._context.load_verify_locations(cadata=bytes(data))
        except ssl.SSLError as error:
            raise ValueError("invalid cert") from error

    def wrap_socket(self, sock, server_hostname=None, do_handshake_on_connect=True):
        return Stream(
            self._context.wrap_socket(
                sock, server_hostname=server_hostname, do_handshake_on_connect=do_handshake_on_connect
            )
        )


def _unpack(format, data):
    try:
        return real_struct.unpack(format, data)
    except real_struct.error as error:
        raise ValueError("buffer too small") from error


def _like(original: types.ModuleType, **more) -> types.ModuleType:
    """A module with everything of `original`, and `more`."""
    module = types.ModuleType(original.__name__)
    module.__dict__.update({**vars(original), **more})
    return module


_OURS = {
    "micropython": types.SimpleNamespace(const=lambda value: value),
    "socket": _like(real_socket, socket=Socket),
    "struct": _like(real_struct, unpack=_unpack),
    "time": _like(
        real_time,
        ticks_ms=lambda: real_time.monotonic_ns() // 1_000_000,
        ticks_add=lambda ticks, delta: ticks + delta,
        ticks_diff=lambda later, earlier: later - earlier,
        sleep_ms=lambda ms: real_time.sleep(ms / 1000),
    ),
    "tls": types.SimpleNamespace(
        SSLContext=SSLContext,
        PROTOCOL_TLS_CLIENT=ssl.PROTOCOL_TLS_CLIENT,
        CERT_NONE=ssl.CERT_NONE,
        CERT_REQUIRED=ssl.CERT_REQUIRED,
    ),
}


def _import(name, globals=None, locals=None, fromlist=(), level=0):
    if level == 0 and name in _OURS:
        return _OURS[name]
    return __import__(name, globals, locals, fromlist, level)


class _Loader(importlib.machinery.SourceFileLoader):
    def exec_module(self, module):
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": _import}
        super().exec_module(module)


class _Finder:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] != "enroll":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


def install() -> None:
    """From now on `enroll` is imported as described above. To be called before anyone imports it."""
    sys.meta_path.insert(0, _Finder())
