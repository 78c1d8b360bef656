"""Stands between devices and a sandbox on loopback, passes everything on, and counts it."""

from __future__ import annotations

import selectors
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

DATA_SEGMENTS = struct.Struct("=152xII")  # of Linux's struct tcp_info: data_segs_in, data_segs_out
HANDSHAKE, CLIENT_HELLO = 22, 1  # RFC 8446: a record's type, and a handshake message's
TIMEOUT = 20  # seconds of silence after which a connection is given up


@dataclass
class Counts:
    """What has passed. `asked`: datagrams of devices; `datagrams`: those of both sides. `segments`: TCP segments with
    data of both sides, as the kernel counts them. `bytes`: payload of TCP and UDP, both sides. `hellos`: ClientHellos,
    each of which begins a TLS handshake.
    """

    asked: int = 0
    datagrams: int = 0
    connections: int = 0
    segments: int = 0
    hellos: int = 0
    bytes: int = 0

    @property
    def packets(self) -> int:
        """Datagrams, and segments with data."""
        return self.datagrams + self.segments


@dataclass
class Records:
    """Finds ClientHellos in what a client sends, in pieces of any size."""

    hellos: int = 0
    _rest: bytes = b""
    _skip: int = field(default=0)

    def feed(self, data: bytes) -> None:
        """Look at the next piece."""
        data = self._rest + data
        while len(data) > self._skip + 5:
            data = data[self._skip :]
            self.hellos += data[0] == HANDSHAKE and data[5] == CLIENT_HELLO
            self._skip = 5 + int.from_bytes(data[3:5], "big")
        self._rest = data


class Relay:
    """Listens on free ports of loopback for `tcp` and `udp`, the ports of a sandbox; `ports` are its own."""

    def __init__(self, tcp: int, udp: int) -> None:
        self._targets = {"tcp": ("127.0.0.1", tcp), "udp": ("127.0.0.1", udp)}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._datagrams.bind(("127.0.0.1", 0))
        self._upstream = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._upstream.connect(self._targets["udp"])
        self._wake, self._end = socket.socketpair()
        self._device: Any = None  # the address that asked last
        self._threads: list[threading.Thread] = []
        self._main = threading.Thread(target=self._serve)
        self.ports = {"tcp": self._listener.getsockname()[1], "udp": self._datagrams.getsockname()[1]}
        self.counts = Counts()

    def taken(self) -> Counts:
        """What has passed since the last call, once all connections have ended."""
        while self._threads:
            self._threads.pop().join()
        found, self.counts = self.counts, Counts()
        return found

    def start(self) -> None:
        """Begin to pass on, in a thread."""
        self._main.start()

    def close(self) -> None:
        """End all connections and the thread."""
        self._end.send(b"x")
        self._main.join()
        self.taken()
        for it in (self._listener, self._datagrams, self._upstream, self._wake, self._end):
            it.close()

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector:
            for it in (self._listener, self._datagrams, self._upstream, self._wake):
                selector.register(it, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._wake:
                        return
                    if key.fileobj is self._listener:
                        self._accept()
                    else:
                        self._datagram(key.fileobj is self._datagrams)

    def _datagram(self, asked: bool) -> None:
        if asked:
            data, self._device = self._datagrams.recvfrom(2048)
        else:
            data = self._upstream.recv(2048)
        self.counts.asked += asked
        self.counts.datagrams += 1
        self.counts.bytes += len(data)
        # counted first: who gets it may ask for the counts at once
        if asked:
            self._upstream.send(data)
        else:
            self._datagrams.sendto(data, self._device)

    def _accept(self) -> None:
        device, _ = self._listener.accept()
        self.counts.connections += 1
        try:
            server = socket.create_connection(self._targets["tcp"])
        except OSError:
            device.close()
            return
        thread = threading.Thread(target=self._pass, args=(device, server, self.counts))
        self._threads.append(thread)
        thread.start()

    def _pass(self, device: socket.socket, server: socket.socket, counts: Counts) -> None:
        """Pass on what two sockets send until both have ended."""
        records = Records()
        with device, server, selectors.DefaultSelector() as selector:
            for it, other in ((device, server), (server, device)):
                it.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(it, selectors.EVENT_READ, other)
            while selector.get_map() and (ready := selector.select(TIMEOUT)):
                for key, _ in ready:
                    self._piece(key, selector, records, device, counts)
            counts.hellos += records.hellos
            counts.segments += sum(DATA_SEGMENTS.unpack(device.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160)))

    def _piece(
        self,
        key: selectors.SelectorKey,
        selector: selectors.BaseSelector,
        records: Records,
        device: socket.socket,
        counts: Counts,
    ) -> None:
        one: Any = key.fileobj
        try:
            data = one.recv(65536)
            key.data.sendall(data)
        except OSError:
            data = b""
        if not data:
            selector.unregister(one)
            with suppress(OSError):
                key.data.shutdown(socket.SHUT_WR)
        elif one is device:
            records.feed(data)
        counts.bytes += len(data)


@contextmanager
def relay(tcp: int, udp: int) -> Iterator[Relay]:
    """A Relay to the ports `tcp` and `udp` that runs meanwhile."""
    it = Relay(tcp, udp)
    it.start()
    try:
        yield it
    finally:
        it.close()
