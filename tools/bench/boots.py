"""Boots of enroll and of the plain script, in each form of code, in turns."""

from __future__ import annotations

import json
import shutil
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from devices import ROOT
from packages import LIBRARY, build_romfs, compiled, modules
from runtimes import micropython, names, wheel
from size import FORMS as BYTECODE
from size import MOUNT

from . import ratio, stock

HERE = Path(__file__).parent
RUNTIMES = ("newest", "chip")
FORMS = {"py": "code from .py", **BYTECODE}
PROVIDER = "etherfax"
START = {
    "enroll": 'import main\nsys.exit(main.main(["enroll.json", "--once"]))',
    "plain": 'import plain\nsys.exit(plain.main("enroll.json"))',
}
PROMPT = """
import requests, socket
class Prompt:
    SOCK_STREAM = socket.SOCK_STREAM
    getaddrinfo = staticmethod(socket.getaddrinfo)
    @staticmethod
    def socket(*kind):
        sock = socket.socket(*kind)
        sock.setsockopt(6, 1, 1)
        return sock
requests.socket = Prompt
"""  # stock `requests` that does not wait for ACKs (TCP_NODELAY), with which the plain script is "prompt"
PATIENCE = 60  # seconds
LONGEST = 600  # seconds after which a program of a device is ended


@dataclass
class Boot:
    """A boot that has ended well: seconds of time and of the processor, and what it said."""

    seconds: float
    cpu: float
    out: str


class Starter:
    """Starts MicroPython in a process that measures it, see forks.py."""

    def __init__(self, runtime: str) -> None:
        path = micropython(runtime)
        self._module = wheel.starts(path)
        site = str(wheel.modules()[-1].parent) if self._module else ""
        self._command = [str(path)] if self._module else _direct(path)
        self._process = subprocess.Popen(
            [sys.executable, "-IS", str(HERE / "forks.py"), site],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, folder: Path, program: str, path: str) -> Boot:
        """Run `program` in `folder` with `path` for MICROPYPATH. Raises ClickException if it fails or does not end."""
        assert self._process.stdin is not None and self._process.stdout is not None
        job = {
            "folder": str(folder),
            "command": [*self._command, "-c", program],
            "environment": {"MICROPYPATH": path},
            "module": self._module,
            "longest": LONGEST,
        }
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        done = json.loads(self._process.stdout.readline())
        if done["status"]:
            ended = done["status"] == -signal.SIGALRM
            why = f"no end after {LONGEST} s" if ended else f"exit status {done['status']}"
            raise click.ClickException(f"MicroPython: {why}: {done['out']}{done['err']}")
        return Boot(done["seconds"], done["cpu"], done["out"])

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()


def _direct(starter: Path) -> list[str]:
    """The command that the script of a runtime with its own C library becomes, without its shell."""
    here = starter.parent
    if not (here / "lib").is_dir():
        return [str(starter)]
    loader = next((here / "lib").glob("ld-linux*.so.2"))
    return [str(loader), "--library-path", str(here / "lib"), str(here / "program")]


@contextmanager
def starter(runtime: str) -> Iterator[Starter]:
    """A Starter that is closed in the end."""
    it = Starter(runtime)
    try:
        yield it
    finally:
        it.close()


@contextmanager
def served(number: int, service: str = PROVIDER) -> Iterator[list[dict[str, Any]]]:
    """enroll.json of `number` devices of `service`, which a sandbox in another process serves meanwhile."""
    command = [sys.executable, "-m", "bench.serve", service, str(number)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(PATIENCE)
        process.stdout.close()


class Sides:
    """The code of both sides in each form, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._images: dict[str, Path] = {}
        shared = {"main.py": ROOT / "firmware/main.py", "port.py": ROOT / "boards/unix/port.py"}
        library = {f"enroll/{it.as_posix()}": LIBRARY / it for it in modules(PROVIDER)}
        requests = stock.requests() / "requests" / "__init__.py"
        sources = {
            "enroll": shared | library,
            "plain": {"plain.py": HERE / "plain/plain.py", "requests/__init__.py": requests},
        }
        for side, files in sources.items():
            for name, source in files.items():
                copy = folder / "py" / side / name
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, copy)
                compiled(source, (folder / "mpy" / side / name).with_suffix(".mpy"))
            self._images[side] = folder / f"{side}.romfs"
            build_romfs(self._images[side], folder / "mpy" / side)

    def start(self, side: str, form: str) -> tuple[str, str]:
        """Program and MICROPYPATH that boot `side` ("enroll", "plain", "prompt") from `form` in a device's folder."""
        if side == "prompt":
            return self.program("plain", form, PROMPT + START["plain"])
        return self.program(side, form, START[side])

    def program(self, side: str, form: str, program: str) -> tuple[str, str]:
        """The same for another `program` with the code of `side`, "enroll" or "plain"."""
        if form != "rom":
            return f"import sys\n{program}", f"{self._folder / form / side}:.frozen"
        image = self._images[side]
        mount = MOUNT.format(size=image.stat().st_size).replace("../rom", str(image))
        return f"import sys\n{mount}\n{program}", ".frozen"


def pair(ours: Sequence[float], theirs: Sequence[float], digits: int = 1) -> dict[str, Any]:
    """The values of a Row for two series of milliseconds that were measured in turns: the ratio and both medians."""
    low, middle, high = ratio(ours, theirs)
    told = [f"{statistics.median(it):.{digits}f} ms" for it in (ours, theirs)]
    return {"figure": middle, "low": low, "high": high, "ours": told[0], "beside": told[1]}


def device(folder: Path, config: dict[str, Any]) -> Path:
    """A device's folder with its enroll.json and CA."""
    folder.mkdir(parents=True)
    shutil.copy(config["ca"], folder / "ca.der")
    (folder / "enroll.json").write_text(json.dumps(config | {"ca": "ca.der"}))
    return folder


def runtimes() -> tuple[str, ...]:
    """Those to measure on: the one that MICROPYTHON names alone, if it is set."""
    return tuple(name for name in names() if name in ("given", *RUNTIMES))
