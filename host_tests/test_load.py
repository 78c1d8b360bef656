"""The load profile without Locust, which `make load` has: a device of each service, and how devices are dealt."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from devices import ROOT
from enroll_tools.provision.errors import Failure
from enroll_tools.provision.library import names
from enroll_tools.sandbox import Sandbox
from load import firmware, fleet, here
from load.device import Device, Port, Report


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.mark.parametrize("service", names())
def test_a_device_registers_once_and_calls(
    service: str, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits as long as the service asks for; a later run sends nothing but calls."""
    turns = firmware.Turns()
    firmware.adapt(turns, monkeypatch.setattr)
    slept: list[float] = []
    monkeypatch.setattr(Port, "sleep", staticmethod(slept.append))
    [member] = fleet.read([here.tables(sandbox, service, 1, tmp_path)], tmp_path / "journals")
    sandbox.fault(service, status=503, headers={"Retry-After": "7"})
    told: list[Report] = []
    for turn in range(2):
        device = Device(member, told.append, turns)
        device.register()
        assert device.known == bool(turn)
        called = device.call()
        device.close()
    assert 7 <= slept[0] <= 14
    outcomes = [(it.what, it.outcome) for it in told if it.name == service]
    assert outcomes[:3] == [("attempt", "server"), ("attempt", ""), ("registration", "")]
    assert set(outcomes[3:]) == {("registered before", ""), *({("call", "")} if called else ())}
    assert here.recorded(sandbox, service) == (1, 0)
    assert here.kept([member]) == {service: 1}


def test_after_two_401s_it_registers_again(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the firmware does: where a call may not be sent twice, the second 401 is that of a later one."""
    from enroll import renew

    turns = firmware.Turns()
    firmware.adapt(turns, monkeypatch.setattr)
    monkeypatch.setattr(Port, "sleep", staticmethod(lambda _: None))
    monkeypatch.setattr(renew, "ticks_ms", iter((0, 6000)).__next__)
    sandbox.azure.delete_enrollment("sensor-0001")
    [member] = fleet.read([here.tables(sandbox, "azure", 1, tmp_path)], tmp_path / "journals")
    told: list[Report] = []
    device = Device(member, told.append, turns)
    device.register()
    sandbox.clear_log()
    sandbox.fault("azure", kind="unauthorized", times=2)
    for _ in range(3):
        assert device.call()
    device.close()
    assert [it.outcome for it in told if it.what == "call"] == ["refused", "refused", ""]
    assert here.recorded(sandbox, "azure") == (1, 0)


def one(key: str, host: str = "localhost", folder: Path = Path()) -> fleet.Member:
    return fleet.Member(key, "acme", host, b"{}", None, folder)


def test_no_two_workers_get_the_same_device() -> None:
    members = [one(str(number)) for number in range(7)]
    rows, absent = fleet.share(members, ["one", "one", "two"], {})
    assert sorted(number for it in rows for number in it) == list(range(7))
    assert {len(it) for it in rows} == {2, 3}
    assert absent == 0


def test_a_device_stays_with_its_journal() -> None:
    """Dealt to another machine, whose journal is blank, it would be registered twice."""
    members = [one(str(number)) for number in range(6)]
    known: dict[str, str] = {}
    first, _ = fleet.share(members, ["one", "two"], known)
    later, absent = fleet.share(members, ["three", "two"], known)
    assert sorted(later[1]) == sorted(first[1])
    assert not later[0]
    assert absent == len(first[0])
    back, absent = fleet.share(members, ["two", "one", "one"], known)
    assert sorted(back[0]) == sorted(first[1])
    assert absent == 0


def test_two_folders_of_journals_are_told_apart(tmp_path: Path) -> None:
    first, other = tmp_path / "first", tmp_path / "other"
    for folder in (first, other):
        folder.mkdir()
    assert fleet.name_of(first) == fleet.name_of(first) != fleet.name_of(other)


def test_nobody_registers_for_real_by_accident() -> None:
    here_only = [one("1"), one("2", "127.0.0.1")]
    fleet.check(here_only, False)
    with pytest.raises(Failure, match=r"registers 3 devices for real, at api\.example\.com: .* --yes-register"):
        fleet.check([*here_only, one("3", "api.example.com")], False)
    fleet.check([one("3", "api.example.com")], True)
    with pytest.raises(Failure, match="no devices: name them"):
        fleet.check([], True)


def test_a_device_that_is_in_two_tables_is_refused(tmp_path: Path) -> None:
    template, table = tmp_path / "enroll.json", tmp_path / "devices.csv"
    template.write_text(json.dumps({"provider": "etherfax", "url": "http://localhost"}))
    table.write_text("serial\nMT1\n")
    assert len(fleet.read([(template, table)], tmp_path)) == 1
    with pytest.raises(Failure, match=r"devices\.csv, line 2: serial=MT1 is there twice"):
        fleet.read([(template, table), (template, table)], tmp_path)


def test_a_row_without_identity_is_refused(tmp_path: Path) -> None:
    """Without it, several rows would share a journal: no board is there to know it."""
    template, table = tmp_path / "enroll.json", tmp_path / "devices.csv"
    template.write_text(json.dumps({"provider": "etherfax", "url": "http://localhost"}))
    table.write_text("serial,check\n,true\n")
    with pytest.raises(Failure, match=r"devices\.csv, line 2: `serial` is missing"):
        fleet.read([(template, table)], tmp_path)


def test_the_options_of_the_page_are_there() -> None:
    """The profile's own, and those of Locust that `make load` uses or that its parser has, where it is fetched."""
    shown = set(re.findall(r"--[a-z][a-z-]+", (ROOT / "docs" / "load.md").read_text()))
    ours = set(re.findall(r'"(--[a-z-]+)"', (ROOT / "tools" / "load" / "locustfile.py").read_text()))
    assert ours <= shown
    locust = set(re.findall(r'"(--[a-z-]+)"', Path(here.__file__).read_text()))
    parser = ROOT / ".cache" / "load" / "packages" / "locust" / "argument_parser.py"
    if parser.exists():
        locust = set(re.findall(r'"(--[a-z-]+)"', parser.read_text()))
    else:
        locust |= {"--html", "--processes", "--help"}
    assert shown - ours - locust <= {"--help"}


def test_a_turn_is_for_what_keeps_this_computer_busy() -> None:
    """From the begin of an attempt until a connection is there: neither answers nor pauses are waited for in it."""
    lock = threading.Semaphore(1)
    turns = firmware.Turns(lock)

    def exchange(*more: Any) -> firmware.Task:
        assert not lock.acquire(blocking=False)
        more[6]()
        yield 0

    for ended in (lambda: next(turns.watched(exchange)("GET", "http://localhost")), turns.leave):
        with turns.turn():
            assert not lock.acquire(blocking=False)
            ended()
            assert lock.acquire(blocking=False)
            lock.release()
        assert lock.acquire(blocking=False)
        lock.release()


def test_deadlines_do_not_run_while_others_connect() -> None:
    """32 handshakes at a time, or an overloaded computer would lose the answers of registrations."""
    begun: list[str] = []
    second = threading.Event()

    def exchange(method: str, *more: Any) -> firmware.Task:
        begun.append(method)
        if method == "second":
            second.set()
        yield 0
        more[5]()  # connected: the answer may take its time
        yield 0

    watched = firmware.Turns(threading.Semaphore(1)).watched(exchange)
    first, other = watched("first", "http://localhost"), watched("second", "http://localhost")
    next(first)
    thread = threading.Thread(target=next, args=(other,))
    thread.start()
    time.sleep(0.05)
    assert begun == ["first"]
    next(first)
    assert second.wait(10)
    thread.join()
    first.close()
    other.close()
