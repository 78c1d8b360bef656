"""A pytest plugin: the fixtures `enroll_sandbox`, a running sandbox, and `enroll_device`, a device that boots.

pytest loads it wherever enroll-tools is installed. A run that uses none of its fixtures imports nothing else.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .sandbox import Sandbox
    from .unix_device import UnixDevice

Sections = list[tuple[str, Callable[[], str]]]

SECTIONS = pytest.StashKey[Sections]()  # what the report of a failed test shows besides
SHOWN = 100  # newest packets that it shows

MARK = """enroll_sandbox(**options): options of Sandbox for this test's `enroll_sandbox`, such as time="2026-11-29",
settings={"etherfax.day_tolerance": 1}."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options; each but the MicroPython has an ini value, too."""
    group = parser.getgroup("enroll", "enroll: the sandbox and its devices")
    group.addoption("--enroll-micropython", metavar="PATH", help="The MicroPython that enroll_device runs on.")
    group.addoption("--enroll-sandbox-time", metavar="TIME", help="What the sandbox's clock begins with.")
    group.addoption(
        "--enroll-sandbox-set", metavar="SERVICE.NAME=VALUE", action="append", help="A setting; may be repeated."
    )
    group.addoption(
        "--enroll-sandbox-state", metavar="FOLDER", help="Keep the state folder of each test's sandbox in FOLDER."
    )
    parser.addini("enroll_micropython", "The MicroPython that enroll_device runs on.")
    parser.addini("enroll_sandbox_time", "What the sandbox's clock begins with.")
    parser.addini("enroll_sandbox_set", "Settings of the sandbox: SERVICE.NAME=VALUE.", type="linelist")
    parser.addini("enroll_sandbox_state", "The folder that keeps the state of each test's sandbox.")


def pytest_configure(config: pytest.Config) -> None:
    """Say what the mark does."""
    config.addinivalue_line("markers", MARK)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to the report of a failed test what its sandbox and its devices have seen."""
    report = yield
    if report.failed and report.when != "teardown":
        report.sections += [(name, text) for name, tell in item.stash.get(SECTIONS, []) if (text := tell())]
    return report


@pytest.fixture
def enroll_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """A running sandbox that belongs to this test; it takes a tenth of a second to start."""
    mark = request.node.get_closest_marker("enroll_sandbox")
    with _sandbox(request, **(mark.kwargs if mark else {})) as sandbox:
        _tell(request, "enroll_sandbox: newest packets", lambda: _packets(sandbox))
        yield sandbox


@pytest.fixture(scope="session")
def enroll_sandbox_session(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """One running sandbox for the whole run, with all that earlier tests have left in it."""
    with _sandbox(request) as sandbox:
        yield sandbox


@pytest.fixture
def enroll_device(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., UnixDevice]:
    """`enroll_device(configuration, sandbox=..., identity={}, **changes)`: a device that boots this enroll.json.

    `configuration`: a path, a dict, or the name of a service at which the sandbox then gets a new device. `changes`
    go into it. The device reaches `sandbox` (of this test) in place of the real service; None leaves the addresses as
    they are.
    """
    from . import unix_device
    from .sandbox import samples

    micropython = request.getfixturevalue("_enroll_micropython")
    made: list[UnixDevice] = []

    def make(
        configuration: Any, sandbox: Any = "this test's", identity: dict[str, str] | None = None, **changes: Any
    ) -> UnixDevice:
        if sandbox == "this test's":
            sandbox = request.getfixturevalue("enroll_sandbox")
        if sandbox and isinstance(configuration, str) and configuration in sandbox.services:
            section = samples.create(sandbox, configuration, str(len(made) + 1))
            configuration = samples.configuration(sandbox, configuration, section)
        wanted = unix_device.changed(unix_device.read(configuration), changes)
        if sandbox:
            wanted = unix_device.pointed(wanted, sandbox)
        folder = tmp_path_factory.mktemp("enroll_device")
        device = unix_device.UnixDevice(folder / "flash", micropython, wanted, identity)
        made.append(device)
        _tell(request, f"enroll_device {len(made)}: its boots", lambda: _boots(device))
        return device

    return make


@pytest.fixture(scope="session")
def _enroll_micropython(request: pytest.FixtureRequest) -> Path:
    """The MicroPython that devices run on. Without one, tests that want a device are errors."""
    from .provision.demo_board.micropython import find
    from .provision.errors import Failure

    named = _option(request.config, "enroll_micropython")
    try:
        return find(Path(named) if named else None, "--enroll-micropython PATH")
    except Failure as failure:
        raise pytest.fail.Exception(failure.message, pytrace=False) from None


def _option(config: pytest.Config, name: str) -> Any:
    """What the command line says, or else the ini file."""
    return config.getoption(name) or config.getini(name)


@contextlib.contextmanager
def _sandbox(request: pytest.FixtureRequest, **options: Any) -> Iterator[Sandbox]:
    """A running sandbox, with the options of this run and then those of the test."""
    from .sandbox import Sandbox, SandboxError

    config = request.config
    if moment := _option(config, "enroll_sandbox_time"):
        options = {"time": moment, **options}
    pairs = [pair.partition("=") for pair in _option(config, "enroll_sandbox_set")]
    settings = {name.strip(): value.strip() for name, _, value in pairs}
    options["settings"] = {**settings, **options.get("settings", {})}
    kept = _option(config, "enroll_sandbox_state")
    sandbox = Sandbox(config.rootpath / kept / _folder(request) if kept else None, **options)
    try:
        sandbox.start()
    except SandboxError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    try:
        yield sandbox
    finally:
        sandbox.stop()


def _folder(request: pytest.FixtureRequest) -> str:
    """A folder's name for this test; for the whole run, one for each process of pytest-xdist."""
    import os
    import re

    name = request.node.nodeid or os.environ.get("PYTEST_XDIST_WORKER", "session")
    return re.sub(r"[^\w.-]+", "-", name)[-100:]


def _tell(request: pytest.FixtureRequest, name: str, tell: Callable[[], str]) -> None:
    request.node.stash.setdefault(SECTIONS, []).append((name, tell))


def _packets(sandbox: Sandbox) -> str:
    """The log as `enroll-sandbox log` prints it, without secrets."""
    from .sandbox.commands.log import lines

    entries = sandbox.log(before=2**62, limit=SHOWN)
    return "\n".join(line.plain for entry in entries for line in lines(entry.as_dict()))


def _boots(device: UnixDevice) -> str:
    shown = []
    for number, outcome in enumerate(device.outcomes, 1):
        shown += [f"boot {number}: {outcome.kind}, status {outcome.status}", *outcome.log, *outcome.output]
    return "\n".join(shown)
