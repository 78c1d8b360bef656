"""mosquitto, a broker: TLS, users with passwords and what each may do, on a port of its own. It is fetched once if this
machine has none."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import loopback
from runtimes import debian
from runtimes.cache import CACHE, Unavailable, alone

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
PROGRAMS = ("mosquitto", "mosquitto_passwd", "mosquitto_sub", "mosquitto_pub")
FETCHED = CACHE / "mosquitto"
OBSERVER = ("observer", "observers-password")  # a user of our own, who may read everything


def fetch() -> None:
    """Make sure that mosquitto and its clients are there: installed, or from Debian's packages. Raises Unavailable."""
    if _installed() or FETCHED.exists():
        return
    with alone():
        if not FETCHED.exists():
            debian.fetch_whole(["mosquitto", "mosquitto-clients"], FETCHED, "fetching mosquitto, 12 MB")


def there() -> bool:
    """Whether mosquitto and its clients are installed, or were fetched."""
    return _installed() or FETCHED.exists()


def _installed() -> bool:
    return all(shutil.which(name, path=PATH) for name in PROGRAMS)


def command(name: str, *arguments: str) -> list[str]:
    """What starts one of PROGRAMS."""
    if _installed():
        return [str(shutil.which(name, path=PATH)), *arguments]
    program = next(FETCHED.glob(f"usr/*bin/{name}"))
    folders = ":".join(
        str(folder) for folder in (*FETCHED.glob("lib/*-linux-gnu"), *FETCHED.glob("usr/lib/*-linux-gnu"))
    )
    return [str(debian.loader(FETCHED)), "--library-path", folders, str(program), *arguments]


class Mosquitto:
    """A broker; `port` is there once it has started, and stays the same through `stop` and `start`. `heard` is what it
    has logged.
    """

    def __init__(self, folder: Path, chain: bytes, authority: bytes) -> None:
        """`chain`: its key and certificates, its own first, in PEM; `authority`: what trusts them."""
        self.folder = folder
        self.port = 0
        self.users: dict[str, str] = {}
        self.rules: list[str] = []
        folder.mkdir()
        (folder / "chain.pem").write_bytes(chain)
        (folder / "ca.pem").write_bytes(authority)
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
        names = self._write_users()
        (self.folder / "acl").write_text("\n".join(self.rules) + "\n")
        known = f"password_file {names}" if passwords else "allow_anonymous true"
        text = CONFIGURATION.format(folder=self.folder, user=getpass.getuser(), passwords=known)
        for _ in range(20):  # another process may take the port meanwhile
            port = self.port or loopback.free()
            (self.folder / "conf").write_text(f"listener {port} 127.0.0.1\n{text}")
            if self._started():
                self.port = port
                return
        raise AssertionError(self.heard)

    def _write_users(self) -> Path:
        names = self.folder / "users"
        names.write_text("".join(f"{name}:{password}\n" for name, password in self.users.items()))
        self._run("mosquitto_passwd", "-U", str(names))
        return names

    def change(self, name: str, password: str) -> None:
        """Let the user `name` have another password from now on, while the broker runs."""
        self.users[name] = password
        self._write_users()
        assert self._process
        before = self.heard.count("Reloading config")
        self._process.send_signal(signal.SIGHUP)
        self.wait_for("Reloading config", before + 1)

    def accepts(self, name: str, password: str) -> bool:
        """Whether it lets this user in."""
        program = command("mosquitto_pub", *self._where(), "-u", name, "-P", password, "-t", "hello", "-m", "hello")
        done = subprocess.run(program, check=False, capture_output=True, text=True, timeout=20)
        assert done.returncode == 0 or "authori" in done.stderr, done.stderr
        return done.returncode == 0

    def _started(self) -> bool:
        before = self.heard.count(" running\n")
        with (self.folder / "log").open("ab") as log:
            program = command("mosquitto", "-c", str(self.folder / "conf"))
            self._process = subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=log)
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
        program = command("mosquitto_sub", *self._observer(), "-v", "-t", topic, "-C", str(count), "-W", "20")
        found: list[str] = []
        with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
            try:
                self.wait_for("Sending SUBACK", before + 1)
                yield found
                found += process.communicate(timeout=25)[0].splitlines()
            finally:
                process.kill()

    def publish(self, topic: str, message: str, *options: str) -> None:
        self._run("mosquitto_pub", *self._observer(), "-t", topic, "-m", message, "-q", "1", *options)

    def _where(self) -> list[str]:
        return ["-h", "127.0.0.1", "-p", str(self.port), "--cafile", str(self.folder / "ca.pem")]

    def _observer(self) -> list[str]:
        name, password = OBSERVER
        return [*self._where(), "-u", name, "-P", password]

    @staticmethod
    def _run(name: str, *arguments: str) -> None:
        subprocess.run(command(name, *arguments), check=True, capture_output=True, timeout=20)


if __name__ == "__main__":
    try:
        fetch()
    except Unavailable as error:
        raise SystemExit(error.message) from None
