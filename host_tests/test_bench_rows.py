"""The measures of `make bench` that count: the relay, flash wear, footprint and long life. No test looks at a time."""

from __future__ import annotations

import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from bench import Work, first, footprint, life, network, relay, results, second, session, wear
from loopback import free
from runtimes import Unavailable, micropython

HELLO = b"\x16\x03\x01\x00\x05\x01abcd"
OTHER = b"\x17\x03\x03\x00\x05\x01abcd"  # a record with data
FINISHED = b"\x16\x03\x03\x00\x05\x0babcd"


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_a_handshake_is_a_client_hello_in_pieces_of_any_size(size: int) -> None:
    sent = HELLO + FINISHED + OTHER + HELLO + OTHER
    records = relay.Records()
    for at in range(0, len(sent), size):
        records.feed(sent[at : at + size])
    assert records.hellos == 2


def test_the_relay_counts_what_passes() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.socket(type=socket.SOCK_DGRAM) as clock,
    ):
        clock.bind(("127.0.0.1", 0))
        for it in (server, clock):
            it.settimeout(10)
        with relay.relay(server.getsockname()[1], clock.getsockname()[1]) as between:
            with socket.create_connection(("127.0.0.1", between.ports["tcp"]), 10) as device:
                one, _ = server.accept()
                with one:
                    device.sendall(HELLO)
                    assert one.recv(100) == HELLO
                    one.sendall(b"four")
                    assert device.recv(100) == b"four"
            with socket.socket(type=socket.SOCK_DGRAM) as device:
                device.settimeout(10)
                device.sendto(b"when?", ("127.0.0.1", between.ports["udp"]))
                asked, address = clock.recvfrom(100)
                clock.sendto(asked + b"now", address)
                assert device.recv(100) == b"when?now"
            found = between.taken()
            assert between.taken() == relay.Counts()
    assert found == relay.Counts(1, 2, 1, 2, 1, len(HELLO) + 4 + 5 + 8)
    assert found.packets == 4


def test_a_relay_to_nobody_ends_the_connection() -> None:
    with relay.relay(free(), free(socket.SOCK_DGRAM)) as between:
        with socket.create_connection(("127.0.0.1", between.ports["tcp"]), 10) as device:
            assert device.recv(1) == b""
        assert between.taken().connections == 1


def test_what_boots_send_is_what_the_design_allows(tmp_path: Path) -> None:
    try:
        rows = {row.name: row for row in network.measure(Work(tmp_path))}
    except Unavailable as error:
        pytest.skip(error.message)
    assert [rows[f"first.{name}"].figure for name in network.WANTED] == [1, 1, 1, 1]
    assert [row.verdict for row in rows.values() if row.target is not None] == ["reached"] * 5
    assert rows["first.bytes"].figure > 1000


@pytest.mark.parametrize("kind", wear.KINDS)
def test_flash_is_written_as_the_design_allows(kind: str) -> None:
    found = wear.counted(kind, wear.QUICK)
    assert {name: found[name]["slots"] for name in wear.SLOTS} == wear.SLOTS
    assert found["boot"] == {"slots": 0, "erases": 0, "programs": 0, "most": 0}
    assert found["renewals"]["slots"] == 2 * wear.QUICK
    assert found["files"]["programs"] >= wear.QUICK
    rows = wear.rows("it", found, wear.QUICK)
    assert [row.verdict for row in rows] == ["reached"] * 4 + ["", ""]
    assert found["retry"]["programs"] <= 1 and found["retry"]["erases"] == 1  # of ten, the first among them
    assert found["restarts"]["pause"] == 394  # seconds: a device that gets no answer waits 337.5 to 450
    assert wear.told({"erases": 1, "programs": 2}) == "1 erase, 2 programs"


def test_the_years_are_those_of_the_most_worn_block() -> None:
    counts = {"slots": 0, "erases": 0, "programs": 0, "most": 0}
    found = dict.fromkeys((*wear.SLOTS, "file"), counts) | {
        "restarts": counts | {"most": 10, "pause": 900},
        "renewals": counts | {"most": 20},
        "files": counts | {"most": 5},
    }
    row, restarts = wear.rows("it", found, 10)[-2:]
    assert (row.figure, row.ours) == (137, "730 erases a year")  # 100 000 / 730
    assert restarts.figure == 100_000 and restarts.ours == "1.00 erases each; one in 900 s: 2.9 years"
    assert row.beside == "file: 182 erases a year, 548 years"


def test_the_parts_of_a_module_are_its_size(tmp_path: Path) -> None:
    modules = {"session.py": 2334, "url.py": 3, "portal.py": 3024}
    rows = list(footprint.module_rows(tmp_path, modules))
    assert [row.name for row in rows] == ["module.portal.py", "module.session.py", "module.url.py"]
    file = tmp_path / "module.mpy"  # the last one's
    assert sum(rows[-1].points.values()) == file.stat().st_size
    assert rows[0].ours.startswith("`tables` ") and rows[0].ours.count(", ") == footprint.TOLD - 1


def test_the_largest_further_provider_is_judged_and_each_that_has_a_budget_of_its_own() -> None:
    flash = {
        "first boot": {"etherfax": 20000, "xyte": 30000},
        "further provider": {"xyte": 9, "etherfax": 1537, "rest": 2000},
    }
    rows = {row.name: row for row in footprint.flash_rows(flash, "stock")}
    assert [rows[f"flash.{it}"].verdict for it in ("etherfax", "xyte", "further")] == ["reached", "missed", "missed"]
    assert rows["flash.further"].figure == 1537 and rows["flash.etherfax"].beside == "stock"
    assert rows["flash.further"].what == "a further provider, the largest except rest: etherfax"
    assert (rows["flash.further.rest"].figure, rows["flash.further.rest"].verdict) == (2000, "reached")


REPORTS = """@devices 0
mem: total=1, current=2, peak=3
stack: 1 out of 2
GC: total: 129152, used: 71888, free: 57264
 No. of 1-blocks: 1, 2-blocks: 2, max blk sz: 4082, max free sz: 3521
@devices 10
GC: total: 129152, used: 85536, free: 43616
 No. of 1-blocks: 1, 2-blocks: 2, max blk sz: 4082, max free sz: 2419
"""


def test_reports_of_the_heap_become_rows() -> None:
    rows = {row.name: row for row in life.rows(REPORTS, 10)}
    assert rows["failures"].verdict == "reached" and rows["failures"].ours == "10 registrations, 100 requests"
    assert rows["largest"].figure == 2419 * 16 and "56 336 bytes before" in rows["largest"].ours
    assert rows["growth"].figure == 85536 - 71888
    failed = {row.name: row for row in life.rows(REPORTS + "@failed 10 not enough heap\n", 20)}["failures"]
    assert failed.verdict == "missed" and failed.ours.endswith(", then: not enough heap")
    with pytest.raises(click.ClickException, match="Traceback"):
        life.rows(REPORTS + "Traceback", 20)


def test_devices_live_on_a_small_heap_without_growing(tmp_path: Path) -> None:
    try:
        micropython(life.RUNTIME)
    except Unavailable as error:
        pytest.skip(error.message)
    failures, largest, growth = life.measure(Work(tmp_path, most=2 * life.EVERY))
    assert failures.verdict == "reached", failures.ours
    assert failures.points["used"][-1] - failures.points["used"][1] < 512
    assert largest.figure > 32768 and growth.figure > 0


@pytest.mark.parametrize(("end", "growth", "verdict"), [(900, 0, "reached"), (800, 0, "reached"), (916, 16, "missed")])
def test_only_a_heap_that_grows_misses_its_target(tmp_path: Path, end: int, growth: int, verdict: str) -> None:
    printed = "\n".join(f"heap {held}" for held in (700, 850, 900, end)) + "\nclosed 500\n"
    sides: Any = SimpleNamespace(program=lambda *_: ("", ""))
    start: Any = lambda *_: SimpleNamespace(out=printed)  # noqa: E731
    row, _ = session.heap(Work(tmp_path, 2), sides, start, "newest", tmp_path)
    assert (row.figure, row.verdict) == (growth, verdict)


def test_the_page_says_how_often_is_measured() -> None:
    """Those numbers are the only ones that somebody types."""
    text = " ".join(results.PAGE.read_text().split())
    for words in (
        f"Each figure is from {first.RUNS} boots.",
        f"Each figure is from {second.RUNS} boots.",
        f"from {wear.DAYS} renewals of the credential, or from {wear.DAYS} restarts.",
        f"Its heap is {life.HEAP // 1024} KiB,",
        f"Each tenth makes {life.REQUESTS} requests",
    ):
        assert words in text, words
    assert life.EVERY == 10
