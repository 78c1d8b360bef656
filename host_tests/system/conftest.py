"""The firmware as a whole on MicroPython, against the sandbox."""

import contextlib
import itertools
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import devices
import leaks
import on_micropython
import pytest
from enroll_tools.sandbox import Sandbox
from runtimes import first

SOURCE = {"test_first_boot.py"}  # files whose devices compile the library at each boot, which takes as long again

_names = itertools.count(1)


@pytest.fixture(scope="session")
def the_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with Sandbox(tmp_path_factory.mktemp("sandbox"), reveal_secrets=True) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(the_sandbox: Sandbox) -> Iterator[Sandbox]:
    """One sandbox for all tests, cleared of what an earlier test left."""
    the_sandbox.clear_log()
    yield the_sandbox
    the_sandbox.clear_faults()
    the_sandbox.ntp_fault(None)
    the_sandbox.ntp_offset(0)
    the_sandbox.set_time(None)


@pytest.fixture(params=devices.FIRST)
def service(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    """`serve(handler, tls)`: call it with the first connection, inside of `tls` if there is one; returns the port."""
    threads = []

    def serve(handler: Callable[[socket.socket], object], tls: ssl.SSLContext | None = None) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(20)

        def work() -> None:
            with contextlib.suppress(OSError), listener, listener.accept()[0] as stream:
                stream.settimeout(20)
                with tls.wrap_socket(stream, server_side=True) if tls else stream as stream:
                    handler(stream)

        threads.append(threading.Thread(target=work))
        threads[-1].start()
        return listener.getsockname()[1]

    yield serve
    for thread in threads:
        thread.join()


Make = Callable[..., devices.Device]


HIDDEN = {"hardware_key", "registration_token", "cen_token", "auth_token", "secret_code"}
GIVEN = re.compile(r'(?:"(?:DeviceToken|accessToken|access_key|cenToken)": "|[?&]token=)([^"&]+)')


@pytest.fixture
def library(request: pytest.FixtureRequest) -> Path:
    """The library of a device: bytecode, as most boards have it; from its source in the files SOURCE."""
    return devices.ROOT / "lib" if request.path.name in SOURCE else on_micropython.library()


@pytest.fixture
def make(sandbox: Sandbox, tmp_path: Path, library: Path) -> Iterator[Make]:
    """`make(service, runtime, listener, section={...}, **top)`: a new device, enabled at `service`, with enroll.json.

    `listener`: the name of the sandbox's; `section` and `top` change the configuration.
    """

    def make(
        service: str,
        runtime: str | None = None,
        listener: str = "https",
        section: dict[str, Any] | None = None,
        **top: Any,
    ) -> devices.Device:
        name = str(next(_names))
        device = devices.Device(tmp_path / f"{service}-{name}", runtime or first(), library)
        config = devices.configuration(sandbox, service, devices.create(sandbox, service, name), listener)
        config[service] |= section or {}
        device.write(config | top)
        made.append(device)
        secrets.update(value for key, value in config[service].items() if key in HIDDEN)
        return device

    made: list[devices.Device] = []
    secrets: set[str] = set()
    yield make
    for entry in sandbox.log():
        secrets.update(GIVEN.findall('"'.join((entry.path, entry.body, entry.answer))))
    leaks.guard(secrets)
    for device in made:
        leaks.hear(str(device.folder), "".join(device.heard))
        assert not leaks.in_files(device.folder)
