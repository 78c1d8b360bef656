"""mosquitto for a test: TLS, users with passwords and what each may do, on a port of its own."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import certificates

PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/opt/homebrew/sbin"])
CONFIGURATION = """
certfile {folder}/chain.pem
keyfile {folder}/chain.pem
acl_file {folder}/acl
{passwords}
user {user}
log_type all
log_dest stderr
"""
OBSERVER = ("observer", "observers-password")  # a user of the tests' own, who may read everything


def there() -> bool:
    """Whether mosquitto and its clients are installed."""
    return all(shutil.which(name, path=PATH) for name in ("mosquitto", "mosquitto_passwd", "mosquitto_sub"))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


class Mosquitto:
    """A broker; `port` is there once it has started, and stays the same through `stop` and `start`. `heard` is what it
    has logged.
    """

    def __init__(self, folder: Path, *chain: certificates.Pair, authority: certificates.Pair) -> None:
        """`chain`: its certificates, its own first; `authority`: what the tests' own clients trust."""
        self.folder = folder
        self.port = 0
        self.users: dict[str, str] = {}
        self.rules: list[str] = []
        folder.mkdir()
        certificates.context(folder, *chain)  # writes chain.pem
        (folder / "ca.pem").write_bytes(authority.pem())
        self._process: subprocess.Popen[bytes] | None = None
        self.user(*OBSERVER, "readwrite #")

    def user(self, name: str, password: str | None, *rules: str) -> None:
        """Let the user `name` do what `rules` say, such as `write a/#`. Without a password everybody gets in, and the
        name alone counts.
        """
        if password is not None:
            self.users[name] = password
        self.rules += [f"user {name}", *(f"topic {rule}" for rule in rules)]

    def start(self, passwords: bool = True) -> None:
        """`passwords`: whether they count."""
        names = self.folder / "users"
        names.write_text("".join(f"{name}:{password}\n" for name, password in self.users.items()))
        self._run("mosquitto_passwd", "-U", str(names))
        (self.folder / "acl").write_text("\n".join(self.rules) + "\n")
        known = f"password_file {names}" if passwords else "allow_anonymous true"
        text = CONFIGURATION.format(folder=self.folder, user=getpass.getuser(), passwords=known)
        for _ in range(20):  # another process may take the port meanwhile
            port = self.port or _free_port()
            (self.folder / "conf").write_text(f"listener {port} 127.0.0.1\n{text}")
            if self._started():
                self.port = port
                return
        raise AssertionError(self.heard)

    def _started(self) -> bool:
        before = self.heard.count(" running\n")
        with (self.folder / "log").open("ab") as log:
            command = [str(shutil.which("mosquitto", path=PATH)), "-c", str(self.folder / "conf")]
            self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
        while self._process.poll() is None:
            if self.heard.count(" running\n") > before:
                return True
            time.sleep(0.02)
        return False

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    @property
    def heard(self) -> str:
        log = self.folder / "log"
        return log.read_text() if log.exists() else ""

    def wait_for(self, text: str, count: int = 1) -> None:
        """Wait until the log has `text` that often."""
        for _ in range(400):
            if self.heard.count(text) >= count:
                return
            time.sleep(0.05)
        raise AssertionError(self.heard)

    @contextlib.contextmanager
    def watched(self, topic: str, count: int = 1) -> Iterator[list[str]]:
        """After the block, the list has the first `count` messages to `topic`, as "topic message"."""
        before = self.heard.count("Sending SUBACK")
        command = ["mosquitto_sub", *self._observer(), "-v", "-t", topic, "-C", str(count), "-W", "20"]
        found: list[str] = []
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                self.wait_for("Sending SUBACK", before + 1)
                yield found
                found += process.communicate(timeout=25)[0].splitlines()
            finally:
                process.kill()

    def publish(self, topic: str, message: str) -> None:
        self._run("mosquitto_pub", *self._observer(), "-t", topic, "-m", message, "-q", "1")

    def _observer(self) -> list[str]:
        name, password = OBSERVER
        where = ["-h", "127.0.0.1", "-p", str(self.port), "--cafile", str(self.folder / "ca.pem")]
        return [*where, "-u", name, "-P", password]

    @staticmethod
    def _run(name: str, *arguments: str) -> None:
        command = [str(shutil.which(name, path=PATH)), *arguments]
        subprocess.run(command, check=True, capture_output=True, timeout=20)
