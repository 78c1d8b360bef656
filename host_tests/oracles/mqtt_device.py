"""Devices that have registered at the sandbox and go on to a broker; and what comes in between."""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import certificates
import devices
import mosquitto
import on_micropython
import program
from enroll_tools.sandbox import Sandbox
from runtimes import micropython
from tlsserver import TlsServer

UMQTT = devices.ROOT / ".cache" / "umqtt"
_numbers = itertools.count(1)
PRELUDE = (
    program.PRELUDE
    + """
import enroll.mqtt
got = []
def connected(**more):
    return enroll.mqtt.connect(config, port, lambda topic, message: got.append((topic, message)), log=log, **more)
def wait(client, count=1):
    while len(got) < count:
        client.wait_msg()
"""
)


class Registered:
    """A device that has registered at the sandbox, and is a user of `broker`."""

    def __init__(self, folder: Path, sandbox: Sandbox, broker: mosquitto.Mosquitto, name: str, runtime: str) -> None:
        self.device = devices.Device(folder, runtime, on_micropython.library())
        made = devices.create(sandbox, name, str(next(_numbers)))
        self.config = devices.configuration(sandbox, name, made)
        self.config["mqtt"] = {"ca": "broker.pem"}
        self.device.write(self.config)
        (folder / "broker.pem").write_bytes((broker.folder / "ca.pem").read_bytes())
        assert self.device.boot().returncode == 0, self.device.heard

    def command(self, umqtt: str, text: str) -> tuple[list[str], dict[str, str]]:
        """What runs a program with the client `umqtt`, and its environment."""
        script = self.device.folder / "program.py"
        script.write_text(PRELUDE + text)
        path = f"{UMQTT / umqtt}:{self.device.environment['MICROPYPATH']}"
        command = [str(micropython(self.device.runtime)), str(script), str(self.device.path)]
        return command, {"MICROPYPATH": path}

    def run(self, umqtt: str, text: str) -> list[str]:
        """Run a program with the client `umqtt`; returns the words of its last line."""
        command, environment = self.command(umqtt, text)
        done = self.device.run(command, **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-1].split()

    @contextlib.contextmanager
    def running(self, umqtt: str, text: str) -> Iterator[subprocess.Popen[str]]:
        """The same while the block runs; at its end the program has ended, or is killed."""
        command, environment = self.command(umqtt, text)
        whole = {**self.device.environment, **environment}
        with subprocess.Popen(command, env=whole, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as it:
            try:
                yield it
            finally:
                it.kill()

    def at(self, port: int, **more: Any) -> None:
        """Let its broker be at `port`."""
        self.config["mqtt"] |= {"port": port, **more}
        self.device.write(self.config)

    @property
    def access(self) -> dict[str, Any]:
        """What its credential says of the broker, with the secrets."""
        text = "access = enroll.stored(config, port).mqtt(1795000000)\n"
        text += "print(*[access[key].reveal() for key in ('user', 'password')])"
        user, *password = self.run("simple", text)
        return {"user": user, "password": " ".join(password)}


class Relay:
    """Carries bytes to a broker and back until `still` is set; from then on everything vanishes."""

    def __init__(self, port: int) -> None:
        self.still = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._there = port
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        client, _ = self._listener.accept()
        with client, socket.create_connection(("127.0.0.1", self._there)) as broker, self._listener:
            while True:
                for source in select.select([client, broker], [], [])[0]:
                    data = source.recv(4096)
                    if not data:
                        self.still.wait(30)
                        time.sleep(10 if self.still.is_set() else 0)
                        return
                    if not self.still.is_set():
                        (broker if source is client else client).sendall(data)


class Rogue(TlsServer):
    """A server with the certificate `chain`. It takes all that a client says inside of TLS, and answers nothing."""

    def __init__(self, folder: Path, *chain: certificates.Pair) -> None:
        folder.mkdir()
        self._told = bytearray()
        super().__init__(certificates.context(folder, *chain))

    def talk(self, stream: ssl.SSLSocket) -> None:
        """Take all that a client says."""
        while data := stream.recv(1000):
            self._told.extend(data)

    def packet(self) -> bytes:
        """The first packet, of up to 129 bytes, of a client that is still there. It may come in pieces; waits 20 s."""
        until = time.monotonic() + 20
        told = b""
        while len(told) < 2 or len(told) < 2 + told[1]:
            assert time.monotonic() < until, told
            time.sleep(0.05)
            told = bytes(self._told)
        return told

    def told(self) -> bytes:
        """All that its clients have told it, if they are gone. Reads that to its end, and closes the server."""
        self.close()
        return bytes(self._told)
