"""A sandbox, boards on ptys, and `provision` as a person would type it."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import devices
import leaks
import pytest
from click.testing import CliRunner
from enroll_tools.provision.cli import main
from enroll_tools.provision.library import library
from enroll_tools.provision.link import connect
from enroll_tools.provision.tests.board import Board
from enroll_tools.sandbox import Sandbox
from runtimes import first

HIDDEN = ("hardware_key", "registration_token", "auth_token", "secret_code")
_numbers = itertools.count(1)  # of the devices, since all tests share one sandbox


@pytest.fixture(scope="session")
def the_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(the_sandbox: Sandbox) -> Iterator[Sandbox]:
    """One sandbox for all tests, cleared of what an earlier test left."""
    the_sandbox.clear_log()
    yield the_sandbox
    the_sandbox.clear_faults()


@pytest.fixture(scope="session")
def stock(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The flash of a board that has the library, and nothing else."""
    flash = tmp_path_factory.mktemp("stock") / "flash"
    with Board(flash, first()) as board, connect(board.port) as link:
        for path, data in library(False).items():
            link.write(path, data)
    return flash.read_bytes()


@pytest.fixture
def plug(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """`plug(runtime, holds, stocked, ...)`: a new Board (see board.py), unplugged at the end.

    `holds`: what is on its flash; `stocked`: it has the library already, which saves half of the time where copying it
    is not what is tested.
    """
    boards: list[Board] = []

    def plug(runtime: str | None = None, holds: bytes = b"", stocked: bool = False, **more: Any) -> Board:
        flash = tmp_path / f"flash-{len(boards)}"
        if holds or stocked:
            flash.write_bytes(holds or request.getfixturevalue("stock"))
        boards.append(Board(flash, runtime or first(), **more))
        return boards[-1]

    yield plug
    for board in boards:
        board.unplug()
        leaks.hear(f"{tmp_path.name}, a board", board.said.decode(errors="replace"))


@dataclasses.dataclass
class Done:
    """What a command came to."""

    status: int
    out: str
    err: str
    seen: str = ""  # the arguments of its processes, and its temporary files


def in_session(name: str, session: int) -> bool:
    """Whether `name`, of /proc, is a process of `session`. Asked often: it builds no path."""
    with contextlib.suppress(OSError):  # gone
        return name.isdigit() and os.getsid(int(name)) == session
    return False


class Desk:
    """A folder where somebody types commands."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.temporary = folder / "tmp"
        self.temporary.mkdir(parents=True)

    def write(self, service: str, section: dict[str, Any] | None = None, **top: Any) -> dict[str, Any]:
        """Create a device at `service` and write its enroll.json and ca.der; returns the provider's section."""
        made = devices.create(self.sandbox, service, str(next(_numbers)))
        leaks.guard({value for key, value in made.items() if key in HIDDEN})
        config = devices.configuration(self.sandbox, service, made | (section or {}))
        (self.folder / "ca.der").write_bytes(self.sandbox.ca_der.read_bytes())
        (self.folder / "enroll.json").write_text(json.dumps(config | {"ca": "ca.der"} | top))
        return made

    def serial(self) -> str:
        """Create a device at etherFAX; returns its serial number, which no other test has."""
        made: str = devices.create(self.sandbox, "etherfax", str(next(_numbers)))["serial"]
        return made

    def table(self, count: int = 0, **columns: Iterable[object]) -> list[str]:
        """Write devices.csv, with a row for each of `count` new devices of etherFAX, or for each cell of `columns`;
        returns their serial numbers."""
        cells = {name: list(column) for name, column in columns.items()}
        rows = count or len(next(iter(cells.values())))
        cells["serial"] = [self.serial() for _ in range(rows)]
        with open(self.folder / "devices.csv", "w", newline="") as file:
            csv.writer(file).writerows([cells, *zip(*cells.values(), strict=True)])
        return cells["serial"]

    def start(
        self, *words: object, board: Any = None, stderr: Any = subprocess.PIPE, **environment: str
    ) -> subprocess.Popen[str]:
        """Start `provision`, with PROVISION_PORT set to the port of `board`."""
        more = {"PROVISION_PORT": board.port} if board else {}
        command = [sys.executable, "-m", "enroll_tools.provision", *map(str, words)]
        env = {**os.environ, "TMPDIR": str(self.temporary), **more, **environment}
        pipe = subprocess.PIPE
        streams = {"stdin": pipe, "stdout": pipe, "stderr": stderr, "text": True}
        # a session of its own has no terminal, where a password would be asked for
        return subprocess.Popen(command, cwd=self.folder, env=env, start_new_session=True, **streams)

    def run(self, *words: object, board: Any = None, typed: str = "", **environment: str) -> Done:
        """Run `provision` to its end in this process, which is faster."""
        more = {"PROVISION_PORT": board.port} if board else {}
        result = CliRunner().invoke(main, list(map(str, words)), input=typed, env={**more, **environment})
        leaks.hear("provision " + " ".join(map(str, words)), result.output)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    def really(self, *words: object, board: Any = None, typed: str = "", **environment: str) -> Done:
        """Run `provision` to its end as a program; no temporary file may be left."""
        with self.start(*words, board=board, **environment) as process:
            assert process.stdin
            process.stdin.write(typed)
            process.stdin.flush()
            seen = self._watch(process)
            try:
                out, err = process.communicate(timeout=40)
            finally:
                process.kill()
        leaks.hear("provision " + " ".join(map(str, words)), out + err)
        assert "Traceback" not in err, err
        assert not list(self.temporary.iterdir())
        return Done(process.returncode, out, err, seen)

    def _watch(self, process: subprocess.Popen[str]) -> str:
        """What others can see of `process` until it ends: arguments of its session's programs, temporary files."""
        seen = set()
        end = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < end:
            paths = [Path("/proc", name, "cmdline") for name in os.listdir("/proc") if in_session(name, process.pid)]
            with contextlib.suppress(OSError):  # a folder goes while it is read
                paths += self.temporary.rglob("*")
            for path in paths:
                with contextlib.suppress(OSError):  # gone, or a folder
                    seen.add(path.read_bytes())
            time.sleep(0.01)
        return b"\n".join(seen).decode(errors="replace")

    def failed(self, status: int, *words: object, **more: Any) -> str:
        """Run what must fail with `status`; returns its one sentence."""
        done = self.run(*words, **more)
        assert (done.status, done.out) == (status, ""), done
        *_, sentence = done.err.splitlines()
        assert sentence.startswith("provision: "), done
        assert ": " in sentence.removeprefix("provision: "), f"no remedy: {sentence}"
        return sentence


@pytest.fixture
def desk(tmp_path: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Desk:
    made = Desk(tmp_path / "desk", sandbox)
    monkeypatch.chdir(made.folder)
    return made


_flash: dict[Any, bytes] = {}  # of a board that has the library, and of one that is registered, by runtime: made once
_serial: dict[Any, str] = {}  # of the latter


@pytest.fixture
def installed(plug: Callable[..., Any], desk: Desk) -> Callable[[], Any]:
    """`installed()`: a board that has the library and nothing else; the test has written an enroll.json."""

    def installed() -> Any:
        if "library" not in _flash:
            board = plug()
            assert desk.run("one", "--library-only", "enroll.json", board=board).status == 0
            board.unplug()
            _flash["library"] = board.flash.read_bytes()
        return plug(holds=_flash["library"])

    return installed


@pytest.fixture
def registered(plug: Callable[..., Any], desk: Desk, sandbox: Sandbox) -> Callable[..., Any]:
    """`registered(runtime)`: a board that `one` has registered at etherFAX, and its serial number.

    The test leaves that device alone in the sandbox, since others use it too.
    """

    def registered(runtime: str | None = None) -> tuple[Any, str]:
        if runtime not in _flash:
            _serial[runtime] = desk.write("etherfax")["serial"]
            board = plug(runtime, stocked=True)
            done = desk.run("one", "enroll.json", board=board)
            assert done.status == 0, done
            board.unplug()
            _flash[runtime] = board.flash.read_bytes()
            sandbox.clear_log()
        else:
            desk.write("etherfax", {"serial": _serial[runtime]})
        return plug(runtime, holds=_flash[runtime]), _serial[runtime]

    return registered


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever does not answer at once is taken for asleep."""
    monkeypatch.setattr("enroll_tools.provision.link.ENTER", 0.5)


@pytest.fixture
def reads() -> Callable[..., Any]:
    """`reads(board, path)`: the JSON in a file of the board, which has not said that then."""

    def reads(board: Any, path: str) -> Any:
        before = len(board.said)
        found = json.loads(board.mpremote("resume", "fs", "cat", f":{path}").stdout)
        del board.said[before:]
        return found

    return reads
