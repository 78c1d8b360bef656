"""Where progress goes: to a function, or to a logger of micropython-lib's or CPython's `logging`."""

import sys

from answers import GOOD
from enroll.enroller import Enroller
from enroll.providers.xyte import device as xyte
from enroll.session import Session
from fake_device import Device, Port, Service
from fake_session import Registered
from install import installed
from wire import Wire


class Logger:
    """Like micropython-lib's: not a function, and a line is a format only if it has arguments."""

    def __init__(self):
        self.told = []
        self.warned = []

    def info(self, line, *more):
        self.told.append(line % more if more else line)

    def warning(self, line, *more):
        self.warned.append(line % more if more else line)


class Once(Port):
    """A board whose waits end a run after so many seconds."""

    def sleep(self, seconds):
        self.slept.append(seconds)
        assert sum(self.slept) < 10


def run(log, provider, *answers, section=None):
    """`Enroller.run` over `answers`, the last of which registers the device."""
    device = Device(provider, section, retry={"first": 1, "cap": 1})
    credential = Enroller(device.it, Once(), request=Service(*answers), log=log).run()
    assert credential.provider == provider
    return device


def clean(lines):
    assert all(["canary" not in line and "\n" not in line for line in lines]), lines


def test_a_function_hears_everything():
    lines = []
    run(lines.append, "etherfax", (403, b""), (200, GOOD["etherfax"]))
    assert lines[0] == "connecting" and lines[1].startswith("GET http://localhost/api/devices")
    assert len([line for line in lines if "next attempt in" in line]) == 1
    clean(lines)


def test_a_logger_is_told_of_progress_and_warned_of_failures():
    for provider in GOOD:
        log = Logger()
        run(log, provider, OSError(104, "100% lost"), (503, b"secret-canary"), (200, GOOD[provider]))
        assert [line for line in log.told if line == "connecting"] == 3 * ["connecting"]
        assert len(log.told) == 6 and not [line for line in log.told if "attempt" in line]
        network, server = log.warned
        assert network.startswith("network: ") and server.startswith("server: ") and "next attempt in" in server
        clean(log.told + log.warned)


def test_what_flash_cannot_take_is_a_warning():
    log = Logger()
    device = Device("ickstream")
    device.it.path = "/nowhere/enroll.json"  # the used token cannot be taken out of it
    Enroller(device.it, Port(), request=Service((200, GOOD["ickstream"])), log=log).step(0)
    assert [line for line in log.warned if "registration_token" in line] and len(log.told) == 2
    clean(log.warned)


def test_nobody_has_to_listen():
    device = Device("xyte")
    assert Enroller(device.it, Port(), request=Service((201, GOOD["xyte"]))).step(0).name == "registered"


def test_a_session_that_registers_again_logs_it():
    def answer(it):
        if it.path == "/api/v1/devices":
            return 201, {"id": "device-2", "access_key": "second-canary", "hub_url": "http://hub"}
        return (200, {}) if it.headers["Authorization"] == "second-canary" else (401, None)

    for log in (Logger(), None):
        device = Registered("xyte", answer, log=log)
        device.run(xyte.telemetry)
        assert device.session.credential.device_id == "device-2"
        lines = log.told + log.warned if log else device.lines
        assert [line for line in lines if "registering again" in line]
        assert [line for line in lines if line.startswith("POST http://localhost/api/v1/devices")]
        clean(lines)


def test_the_logging_of_cpython():
    if sys.implementation.name != "cpython":
        return
    import logging

    class Keep(logging.Handler):
        def emit(self, record):
            records.append((record.levelname, record.getMessage()))

    records = []
    logger = logging.Logger("enroll")
    logger.addHandler(Keep())
    run(logger, "xyte", (503, b""), OSError(5, "100% %s"), (201, GOOD["xyte"]))
    assert {level for level, _ in records} == {"INFO", "WARNING"}
    assert len([line for level, line in records if level == "WARNING"]) == 2
    clean([line for _, line in records])


def test_a_session_does_not_tell_of_requests():
    """They are the application's."""
    log = Logger()
    device = Device("etherfax")
    device.boot((200, GOOD["etherfax"]))
    session = Session(device.it, Port(), log=log)
    wire = Wire(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    with installed(wire):
        session.request("GET", "/accounts?a=status")
    assert not log.told and not log.warned
