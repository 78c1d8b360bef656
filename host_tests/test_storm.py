"""`make storm`: the firmware's own schedule, a fleet that lives by one, and the page. Small fleets, fixed chances."""

from __future__ import annotations

import dataclasses
import heapq
import json
import random
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from figures import PLACE, filled
from storm import schedules
from storm.schedules import STEPS, Schedule, firmware, ours, same

PLAIN = same("plain", "10 to 30 s", ((10, 30),))
NUMPY = "numpy is missing: make storm installs it"


@pytest.fixture(scope="module")
def fleet() -> Any:
    """The simulation. Without numpy its tests are left out: `make test` does not install it."""
    pytest.importorskip("numpy", reason=NUMPY)
    from storm import fleet

    return fleet


def test_the_schedule_is_the_firmwares_own() -> None:
    """The table says what failed.py and backoff.py say, for every count and chance."""
    chance = random.Random(1)
    for asked in (None, 60, 600):
        it = ours(asked=schedules.asked(asked)) if asked else ours()
        for joined in (True, False) if asked is None else (True,):
            for before in range(60):
                for part in (0, 1, STEPS // 3, STEPS - 1, chance.randrange(STEPS)):
                    count, wait = firmware(before, part, joined, asked)
                    assert count == before + (it.weight if joined else 1)
                    assert wait == pytest.approx(it.wait(count, part / STEPS, joined)), (asked, joined, before, part)


def test_each_wait_of_the_firmware_begins_where_the_one_before_ended() -> None:
    waits = [ours().joined[count] for count in range(3, 30, 3)]
    assert waits[:4] == [(0, 5), (5, 45), (45, 405), (337.5, 450)] and set(waits[4:]) == {(337.5, 450)}


def test_a_retry_after_is_spread_over_as_much_again_but_not_beyond_the_cap() -> None:
    """So the page advises against one long Retry-After for a whole fleet."""
    assert [schedules.asked(it) for it in (60, 600, 7200)] == [(60, 120), (600, 1200), (7200, 8100)]


def test_the_variants_begin_with_the_firmwares_own_figures() -> None:
    """Without other figures a variant is the schedule that the firmware has."""
    plain = schedules.variant("plain", "plain")
    least = plain.weight  # no count of a failure that has joined is below
    assert plain.joined[least:] == ours().joined[least:] and plain.offline == ours().offline
    assert len({it.joined for it in schedules.variants()}) == len(schedules.variants())


def test_every_schedule_has_bounds_and_a_name_of_its_own() -> None:
    every = schedules.every()
    assert len({it.name for it in every}) == len({it.title for it in every}) == len(every)
    for it in every:
        for low, high in (*it.joined[1:], *it.offline[1:]):
            assert 0 <= low <= high <= schedules.CAP
    assert [it.name for it in every if not it.random] == ["fixed", "doubling"]


def registered_once(fleet: Any, **case: Any) -> Any:
    """Simulate, and check what must be true of every storm."""
    found = fleet.simulate(**case)
    assert found.registered.sum() == found.devices, "each registers exactly once"
    assert found.registered.max() <= found.capacity and (found.registered <= found.requests).all()
    assert (found.at[1:] > found.at[:-1]).all()
    assert not found.registered[found.at < found.start].any()
    full = found.requests >= found.capacity
    assert (found.registered[full & (found.at >= found.start)] == found.capacity).all(), "it never idles"
    assert found.ideal <= found.seconds(1) == found.at[-1] + 1 - max(case.get("outage", 0), case.get("joins", (0,))[0])
    assert found.seconds(0.5) <= found.seconds(0.99) <= found.seconds(1) and found.each() >= 1
    return found


@pytest.mark.parametrize("name", [it.name for it in schedules.every()])
def test_each_device_registers_once_and_never_more_than_the_service_takes(fleet: Any, name: str) -> None:
    schedule = next(it for it in schedules.every() if it.name == name)
    for case in ({}, {"outage": 120}, {"joins": (60, 90)}, {"outage": 100, "joins": (10, 20)}):
        registered_once(fleet, devices=997, capacity=40, schedule=schedule, **case)


def test_a_lone_device_is_registered_at_once(fleet: Any) -> None:
    found = registered_once(fleet, devices=1, capacity=1, schedule=ours())
    assert (found.seconds(1), found.each(), found.peak(0), found.peak(1)) == (1, 1, 1, 0)


def test_the_same_seed_gives_the_same_storm(fleet: Any) -> None:
    one, again, other = (fleet.simulate(500, 10, PLAIN, seed=seed) for seed in (7, 7, 8))
    assert list(one.requests) == list(again.requests) != list(other.requests)


def test_without_jitter_all_come_back_together(fleet: Any) -> None:
    found = registered_once(fleet, devices=100, capacity=40, schedule=schedules.every()[0])
    assert list(zip(found.at, found.requests, found.registered, strict=True)) == [
        (0, 100, 40),
        (900, 60, 40),
        (1800, 20, 20),
    ]
    assert (found.seconds(0.5), found.seconds(1), found.peak(60), found.each()) == (901, 1801, 1.5, 1.8)


def test_groups_are_the_same_as_single_devices_where_nothing_is_random(fleet: Any) -> None:
    """Doubling without jitter, once as groups and once device by device."""
    doubling = next(it for it in schedules.every() if it.name == "doubling")
    groups = fleet.simulate(200, 30, doubling)
    single = fleet._Crowd(200, 30, doubling, 0, (0, 0), fleet.np.random.default_rng(1)).run()
    assert [tuple(it) for it in zip(groups.at, groups.requests, groups.registered, strict=True)] == list(single)


def test_waits_of_a_fleet_keep_to_the_bounds_of_the_schedule(fleet: Any) -> None:
    """One request a second is served; the second wave comes 10 to 30 seconds after the first, and so on."""
    found = registered_once(fleet, devices=4000, capacity=1, schedule=PLAIN)
    first = [int(count) for at, count in zip(found.at, found.requests, strict=True) if at <= 31]
    assert first[0] == 4000 and found.at[1] == 10
    wave = found.requests[(found.at >= 10) & (found.at < 20)]
    assert wave.sum() == pytest.approx(4000 / 2, rel=0.1), "half of them in the first half of the range"


def one_by_one(devices: int, capacity: int, outage: float = 0, joined: float = 0) -> tuple[float, float, float]:
    """(seconds until 50 %, until 99 % are registered, requests a device): each attempt of each device, in its order.

    It asks backoff.py after each failure, and knows neither ranges nor whole seconds, except in what the service takes.
    """
    from enroll.backoff import delay

    chance = random.Random(1)
    online = [chance.uniform(0.5, 1) * joined for _ in range(devices)]
    queue = [(chance.random(), number, 0) for number in range(devices)]  # when, which, thirds of failures
    heapq.heapify(queue)
    taken: Counter[int] = Counter()
    done: list[float] = []
    requests = 0
    while queue:
        now, number, count = heapq.heappop(queue)
        if now < online[number]:
            wait = delay(count + 1, schedules.FIRST, schedules.CAP, chance.random(), quick=True)
            heapq.heappush(queue, (now + wait, number, count + 1))
            continue
        requests += 1
        if now >= outage and taken[int(now)] < capacity:
            taken[int(now)] += 1
            done.append(now)
        else:
            wait = delay((count + 4) // 3, schedules.FIRST, schedules.CAP, chance.random())
            heapq.heappush(queue, (now + wait, number, count + 3))
    start = max(outage, joined / 2)
    return done[devices // 2] - start, done[devices * 99 // 100] - start, requests / devices


@pytest.mark.parametrize(("outage", "joined"), [(0, 0), (600, 0), (0, 120)])
def test_a_fleet_of_which_each_attempt_is_played_fares_alike(fleet: Any, outage: int, joined: int) -> None:
    found = fleet.simulate(10_000, 10, ours(), outage=outage, joins=(joined / 2, joined))
    half, most, each = one_by_one(10_000, 10, outage, joined)
    assert found.seconds(0.5) == pytest.approx(half, rel=0.03)
    assert found.seconds(0.99) == pytest.approx(most, rel=0.03)
    assert found.each() == pytest.approx(each, rel=0.03)


def test_where_no_network_is_up_the_service_hears_nothing(fleet: Any) -> None:
    found = registered_once(fleet, devices=500, capacity=500, schedule=ours(), joins=(100, 200))
    assert found.at[0] >= 100 and found.each() == 1
    assert Counter(found.at >= 100) == {True: len(found.at)}


def test_a_storm_that_is_too_long_is_refused(fleet: Any) -> None:
    slow = Schedule("slow", "slow", ((70000, 80000),), ((70000, 80000),))
    with pytest.raises(OverflowError):
        fleet.simulate(100, 1, slow)


def test_requests_and_registrations_over_time(fleet: Any) -> None:
    requests, registered = fleet.simulate(100, 40, schedules.every()[0]).series(1000)
    assert len(requests) == 1000 and (requests[0], requests[900], registered[899], registered[999]) == (100, 60, 40, 80)


@pytest.fixture(scope="module")
def found(fleet: Any) -> Any:
    """The figures of a small fleet."""
    from storm import cases

    return cases.run(1000, lambda words: None)


def test_verdicts_are_computed_from_what_a_reader_sees(found: Any) -> None:
    from storm import page

    rows = page.judged(found)
    assert [(it.target, it.sense) for it in rows] == [(page.PEAK, "<="), (page.TIME, "<=")] * 2
    missed = [dataclasses.replace(rows[0], figure=3.01), dataclasses.replace(rows[0], figure=3.004)]
    assert [it.verdict for it in missed] == ["missed", "reached"]
    assert "| **missed** |" in page.verdicts(missed) and "| 3.00 x | at most 3 x | reached |" in page.verdicts(missed)


def test_a_verdict_that_differs_from_the_page_before_is_told(found: Any) -> None:
    from storm import page

    rows = [dataclasses.replace(it, figure=1) for it in page.judged(found)]
    missed = [dataclasses.replace(rows[0], figure=4), *rows[1:]]
    text = page.PAGE.read_text()
    assert page.changed(rows, filled(text, {"storm.verdicts": page.verdicts(rows)})) == []
    for before, now, words in (
        (rows, missed, "reached before, now missed"),
        (missed, rows, "missed before, now reached"),
    ):
        text = filled(text, {"storm.verdicts": page.verdicts(before)})
        assert page.changed(now, text) == [f"{rows[0].what}: {words}"]


def test_the_page_has_a_place_for_each_figure_and_only_those(found: Any) -> None:
    from storm import page

    values = page.values(found)
    text = page.PAGE.read_text()
    places = {it["name"] for it in PLACE.finditer(text) if it["name"].startswith("storm.")}
    assert places == set(values)
    assert filled(filled(text, values), {it["name"]: it["value"] for it in PLACE.finditer(text)}) == text
    for name, value in values.items():
        there = next(it["value"] for it in PLACE.finditer(text) if it["name"] == name)
        assert there.strip().partition("\n")[0] == value.partition("\n")[0] or "targets" in value, (
            "run make storm again"
        )


def test_the_page_and_its_plots_are_made(found: Any, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is missing: make storm installs it")
    from storm import page

    copy = tmp_path / "storm.md"
    copy.write_text(page.PAGE.read_text())
    page.write(found, copy, tmp_path / "storm")
    assert "enroll" in copy.read_text()
    linked = set(re.findall(r"\(storm/(\w+\.svg)\)", copy.read_text()))
    assert {it.name for it in (tmp_path / "storm").iterdir()} == linked - {"crowd.svg"}  # tools/crowd draws that
    assert all("<svg" in it.read_text() for it in (tmp_path / "storm").iterdir())


def test_json_writes_nothing(fleet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from storm import __main__, cases, page

    monkeypatch.setattr(cases, "DEVICES", 1000)
    monkeypatch.setattr(page, "write", lambda _: pytest.fail("the page was written"))
    done = CliRunner().invoke(__main__.main, ["--devices", "1000", "--json"])
    assert done.exit_code == 0 and json.loads(done.stdout), done


@pytest.mark.parametrize("devices", ["0", "999", "100000000000", "9" * 30])
def test_a_fleet_that_no_memory_holds_is_refused(fleet: Any, devices: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from storm import __main__, cases

    monkeypatch.setattr(cases, "run", lambda *_: pytest.fail("it was simulated"))
    done = CliRunner().invoke(__main__.main, ["--json", "--devices", devices])
    assert done.exit_code == 2 and "not in the range" in done.output, done.output


def test_the_command_prints_figures_and_verdicts(fleet: Any) -> None:
    from storm import cases
    from storm.__main__ import main

    before = Path("docs/storm.md").read_bytes()
    done = CliRunner().invoke(main, ["--devices", "1000", "--json"])
    assert done.exit_code == 0, done
    told = json.loads(done.stdout)
    assert len(told["verdicts"]) == 4 and set(told["compared"]) == {"100", "1000", "10000"}
    variants = {it.title: len(list(cases.SITUATIONS)[:3]) for it in schedules.variants()}
    assert {name: len(rows) for name, rows in told["variants"].items()} == variants
    assert told["compared"]["1000"][0]["devices"] == 1000 and Path("docs/storm.md").read_bytes() == before
