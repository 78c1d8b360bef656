"""`make bench`: rows and verdicts, what differs from the run before, and the page. No test looks at a time."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import bench
import click
import pytest
from bench import Row, Work, __main__, boots, results, stock
from click.testing import CliRunner
from figures import PLACE
from rich.console import Console
from runtimes import Unavailable, first

WHERE = {"date": "2026-11-29", "machine": "2 cores", "load": 0.5, "versions": {"enroll": "0.1.0", "newest": "1.29.0"}}


def row(figure: float, name: str = "one", **more: object) -> Row:
    return Row(name, f"the {name}", figure, **{"target": 1.05, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("figure", "sense", "target", "verdict"),
    [
        (1.05, "<=", 1.05, "reached"),
        (1.054, "<=", 1.05, "reached"),  # it is shown as 1.05
        (1.06, "<=", 1.05, "missed"),
        (3, ">=", 3, "reached"),
        (2.99, ">=", 3, "missed"),
        (0, "=", 0, "reached"),
        (16, "=", 0, "missed"),
        (7, "<=", None, ""),
    ],
)
def test_the_verdict_is_about_the_figure_as_it_is_shown(
    figure: float, sense: str, target: float | None, verdict: str
) -> None:
    assert row(figure, sense=sense, target=target).verdict == verdict


def test_a_line_of_the_table_has_both_sides_the_figure_and_the_verdict() -> None:
    it = row(1.2345, ours="12 ms", beside="10 ms", low=1.1, high=1.301)
    assert results.cells(it) == ["the one", "12 ms", "10 ms", "1.23 x (1.10 to 1.30)", "at most 1.05 x", "**missed**"]
    assert results.must(row(0, sense="=", target=0, unit="bytes")) == "0 bytes"
    assert results.must(row(1, target=22528, unit="bytes")) == "at most 22 528 bytes"


def test_a_ratio_is_the_median_of_the_pairs_between_their_quartiles() -> None:
    """The quotient of the medians may be outside of the quartiles: the page said 5.1 x (5.2 to 5.4)."""
    assert bench.ratio([10, 1, 10], [1, 1, 10]) == (1, 1, 5.5)
    assert bench.ratio([2, 4, 6], [2, 2, 2]) == (1.5, 2, 2.5)
    assert bench.ratio([3], [2]) == (1.5, 1.5, 1.5)


def test_rows_without_a_verdict_have_a_table_of_their_own() -> None:
    found: results.Results = {}
    results.add(found, "first", "First boot", [row(1), row(7, "shown", target=None, unit="%")], WHERE)
    tables = results.values(found)
    assert tables["bench.first"].splitlines()[2:] == ["| the one |  |  | 1.00 x | at most 1.05 x | reached |"]
    assert tables["bench.first.apart"].splitlines()[2:] == ["| the shown |  |  | 7.00 % |"]


def test_a_verdict_that_changed_is_named() -> None:
    found: results.Results = {}
    assert results.add(found, "first", "First boot", [row(1), row(2, "other")], WHERE) == []
    assert results.add(found, "first", "First boot", [row(1.01), row(2, "other"), row(9, "new")], WHERE) == []
    assert "No verdict differs from the run before, of 2026-11-29." in results.sentence(found["first"])
    [changed] = results.add(found, "first", "First boot", [row(1.1), row(2, "other"), row(9, "new")], WHERE)
    assert changed == "the one: reached before (1.01 x), now missed (1.10 x)"
    assert changed in results.sentence(found["first"])


def test_a_verdict_that_is_gone_is_named() -> None:
    """Such as those of all other runtimes where MICROPYTHON names one; a row without a verdict may go."""
    found: results.Results = {}
    results.add(found, "first", "First boot", [row(1), row(2, "other"), row(3, "shown", target=None)], WHERE)
    [gone] = results.add(found, "first", "First boot", [row(1)], WHERE)
    assert gone == "the other: missed before (2.00 x), now not measured"
    assert gone in results.sentence(found["first"])


def test_the_page_counts_what_is_reached_in_its_order() -> None:
    found: results.Results = {}
    results.add(found, "wear", "Flash wear", [row(1)], WHERE)
    results.add(found, "first", "First boot", [row(1), row(2, "other"), row(7, "shown", target=None)], WHERE)
    told = "2 of 3 targets are reached: first boot 1 of 2, flash wear 1 of 1."
    assert results.values(found)["bench.summary"] == told


def test_the_page_is_made_from_the_results() -> None:
    """Nobody types a figure: what a page shows at each place is what benchmarks.json holds."""
    found = results.load()
    for page in results.pages():
        shown = {it["name"]: it["value"].strip() for it in PLACE.finditer(page.read_text())}
        ours = {name: text for name, text in shown.items() if name.startswith("bench.")}
        assert ours == {name: text.strip() for name, text in results.quoted(page, found).items()}, page
        if page == results.PAGE:
            assert set(results.values(found)) <= set(ours)
    shown = {it["name"] for it in PLACE.finditer(results.PAGE.read_text())}
    assert {name for name in shown if name.count(".") == 1} == {
        "bench.summary",
        *(f"bench.{it}" for it in bench.MEASURES),
    }
    pictures = {path.name for path in results.PLOTS.glob("*.svg")}
    assert all(f"benchmarks/{name}" in results.PAGE.read_text() for name in pictures)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The page and its data in another folder, and measures that are invented."""
    for name in ("PAGE", "DATA", "PLOTS"):
        path = getattr(results, name)
        if path.is_file():
            shutil.copy(path, tmp_path)
        monkeypatch.setattr(results, name, tmp_path / path.name)
    monkeypatch.setattr(results, "pages", lambda: [tmp_path / "benchmarks.md"])
    monkeypatch.setattr(results.load, "__defaults__", (tmp_path / "benchmarks.json",))
    monkeypatch.setattr(results.write, "__defaults__", (tmp_path / "benchmarks.json",))

    class Invented:
        TITLE = "Invented"

        @staticmethod
        def measure(work: Work) -> list[Row]:
            return [row(1.5 * len(list(work.each(range(work.runs(50)), "counting"))))]

    monkeypatch.setattr(__main__, "module", lambda _: Invented)
    return tmp_path


def test_a_quick_look_writes_nothing_and_a_run_writes_page_and_data(elsewhere: Path) -> None:
    page = (elsewhere / "benchmarks.md").read_text()
    [name, *_] = bench.MEASURES
    done = CliRunner().invoke(__main__.main, ["--only", name, "--runs", "2", "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)[name]["rows"][0]["figure"] == 3
    assert (elsewhere / "benchmarks.md").read_text() == page
    done = CliRunner().invoke(__main__.main, ["--only", name])
    assert done.exit_code == 0 and "75.00 x" in done.output, done.output
    assert "75.00 x" in (elsewhere / "benchmarks.md").read_text()
    assert results.rows_of(results.load(elsewhere / "benchmarks.json")[name])[0].verdict == "missed"


def test_a_run_whose_output_nobody_takes_is_written(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as into a pager that was left, after minutes of measuring."""

    def gone(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(__main__, "show", gone)
    CliRunner().invoke(__main__.main, ["--only", bench.MEASURES[0]])
    assert "75.00 x" in (elsewhere / "benchmarks.md").read_text()


def test_json_writes_nothing(elsewhere: Path) -> None:
    before = {it: it.read_bytes() for it in elsewhere.iterdir()}
    done = CliRunner().invoke(__main__.main, ["--only", bench.MEASURES[0], "--json"])
    assert done.exit_code == 0 and json.loads(done.stdout), done.output
    assert {it: it.read_bytes() for it in elsewhere.iterdir()} == before


def test_a_page_that_cannot_be_filled_leaves_the_run_before_to_compare_with(elsewhere: Path) -> None:
    """The data would else tell of a run that no page shows."""
    page, data = elsewhere / "benchmarks.md", elsewhere / "benchmarks.json"
    page.write_text(page.read_text().replace("bench.wear ", "bench.worn "))
    before = page.read_bytes(), data.read_bytes()
    with pytest.raises(click.ClickException, match=r"benchmarks\.md has no place for bench\.wear: "):
        results.publish(results.load(data), {})
    assert (page.read_bytes(), data.read_bytes()) == before


def test_what_cannot_be_written_is_said_before_anything_is_measured(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (elsewhere / "file").touch()
    monkeypatch.setattr(results, "PAGE", elsewhere / "file" / "benchmarks.md")
    monkeypatch.setattr(__main__, "measured", lambda *_: pytest.fail("it was measured"))
    done = CliRunner().invoke(__main__.main, ["--only", bench.MEASURES[0]])
    assert done.exit_code == 1 and "benchmarks.md cannot be written" in done.output, done.output


@pytest.mark.parametrize("end", ["", ".apart", ".run"])
def test_a_place_that_the_page_lacks_is_said_before_anything_is_measured(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    page = elsewhere / "benchmarks.md"
    page.write_text(page.read_text().replace(f"<!-- /bench.wear{end} -->", ""))
    monkeypatch.setattr(__main__, "measured", lambda *_: pytest.fail("it was measured"))
    done = CliRunner().invoke(__main__.main, ["--only", bench.MEASURES[0]])
    assert done.exit_code == 1 and f"benchmarks.md has no place for bench.wear{end}: " in done.output, done.output


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-100],
        lambda text: "",
        lambda text: text.replace('"digits"', '"places"'),
        lambda text: text.replace('"versions"', '"made with"'),
        lambda text: "[]",
        lambda text: '{"wear": []}',
    ],
)
def test_results_that_do_not_fit_are_said_before_anything_is_measured(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[str], str]
) -> None:
    """Such as those of another version, or half of them."""
    data = elsewhere / "benchmarks.json"
    data.write_text(spoil(data.read_text()))
    monkeypatch.setattr(__main__, "measured", lambda *_: pytest.fail("it was measured"))
    done = CliRunner().invoke(__main__.main, ["--only", bench.MEASURES[0]])
    assert done.exit_code == 1 and "Error: benchmarks.json " in done.output, done.output


def test_one_run_measures_at_a_time(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ["--only", bench.MEASURES[0], "--runs", "1"]
    with results.alone(), monkeypatch.context() as patch:
        patch.setattr(__main__, "measured", lambda *_: pytest.fail("it was measured"))
        done = CliRunner().invoke(__main__.main, command)
        assert done.exit_code == 1 and "another make bench is measuring: " in done.output, done.output
    assert CliRunner().invoke(__main__.main, command).exit_code == 0


def test_a_version_before_its_release_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    versions = {"newest": (1, 29, 0, "preview"), "chip": (1, 26, 1, ""), "oldest-32": (1, 25, 0)}
    monkeypatch.delenv("MICROPYTHON", raising=False)
    monkeypatch.setattr(results, "micropython", lambda name: name)
    monkeypatch.setattr(results, "probe", lambda name: (versions[name], 64))
    told = {"newest": "1.29.0-preview", "chip": "1.26.1", "oldest-32": "1.25.0"}
    assert results.releases() == told


def test_the_versions_are_of_what_is_measured_on_not_of_what_tests_run_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def micropython(name: str) -> str:
        if name == "oldest-32":
            raise Unavailable("no apt")
        return name

    monkeypatch.setenv("RUNTIMES", "oldest")
    monkeypatch.setattr(results, "micropython", micropython)
    monkeypatch.setattr(results, "probe", lambda name: ((1, 27, 0), 64))
    monkeypatch.delenv("MICROPYTHON", raising=False)
    assert results.conditions()["versions"].keys() - {"enroll", "python"} == {"newest", "chip"}
    monkeypatch.setenv("MICROPYTHON", "/somewhere/micropython")
    assert results.releases() == {"given": "1.27.0", "chip": "1.27.0"}


def test_a_measure_that_is_gone_leaves_the_results(elsewhere: Path) -> None:
    data = elsewhere / "benchmarks.json"
    kept = json.loads(data.read_text())
    data.write_text(json.dumps({"older": kept["wear"], **dict(reversed(kept.items()))}))
    assert list(results.load(data)) == list(bench.MEASURES)


def test_the_summary_is_never_that_of_some_measures_alone(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere / "benchmarks.json").unlink()
    monkeypatch.setattr(__main__, "measured", lambda *_: pytest.fail("it was measured"))
    done = CliRunner().invoke(__main__.main, [f"--only={it}" for it in bench.MEASURES[2:]])
    assert done.exit_code == 1 and "no results of first, second, and the page counts all: " in done.output, done.output


def test_a_terminal_of_80_columns_shows_every_figure_in_one_piece() -> None:
    beside = "requests, umqtt.simple, ntptime: 5 049"
    it = row(22_529, target=22_528, unit="bytes", digits=0, ours="22 529 bytes", beside=beside)
    console = Console(width=80, record=True, file=io.StringIO())
    __main__.show([it], "Flash and heap", console)
    text = console.export_text()
    assert "…" not in text and "**" not in text and "missed" in text
    for figure in ("22529", "22528", "5049"):
        assert figure in text, text


def test_what_needs_a_network_comes_before_what_takes_time(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Offline:
        TITLE = "Invented"

        @staticmethod
        def prepare() -> None:
            raise click.ClickException("there is no network")

        @staticmethod
        def measure(work: Work) -> list[Row]:
            pytest.fail("it was measured")

    monkeypatch.setattr(__main__, "module", lambda _: Offline)
    done = CliRunner().invoke(__main__.main, ["--only", bench.MEASURES[0]])
    assert done.exit_code == 1 and "there is no network" in done.output


@pytest.mark.parametrize("name", ["first", "second", "session"])
def test_a_short_run_of_a_measure(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both sides register and ask. Of what it finds only sockets and heap are looked at, which are exact."""
    if not stock.FOLDER.exists():
        pytest.skip("make bench fetches stock requests")
    it = __main__.module(name)
    monkeypatch.setattr(it, "runtimes", lambda: (first(),))
    rows = it.measure(Work(tmp_path, 1))
    assert len({row.name for row in rows}) == len(rows) >= 3
    exact = [row for row in rows if row.sense == "="]
    assert [row.verdict for row in exact] == ["reached"] * len(exact), exact
    assert bool(exact) == (name != "first")


def test_a_boot_without_end_is_ended_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boots, "LONGEST", 1)
    with boots.starter(first()) as start:
        with pytest.raises(click.ClickException, match="no end after 1 s: 7"):
            start(tmp_path, "print(7)\nwhile True: pass", ".frozen")
        with pytest.raises(click.ClickException, match="exit status 3: "):
            start(tmp_path, "import sys; sys.exit(3)", ".frozen")
        assert start(tmp_path, "print(8)", ".frozen").out == "8\n"


def test_the_plain_script_registers_and_reads_what_it_keeps(tmp_path: Path) -> None:
    """Fair means that it does the job: its second boot needs no service."""
    if not stock.FOLDER.exists():
        pytest.skip("make bench fetches stock requests")
    sides = boots.Sides(tmp_path / "code")
    with boots.starter(first()) as start:
        with boots.served(1) as [config]:
            folder = boots.device(tmp_path / "device", config)
            said = [start(folder, *sides.start("plain", "py")).out]
        said += [start(folder, *sides.start("plain", form)).out for form in boots.FORMS]
    assert set(said) == {"registered MT000000001 32\n"}
