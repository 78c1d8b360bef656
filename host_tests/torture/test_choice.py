"""`python -m torture` runs what its command line selects, and nothing else."""

import json
from pathlib import Path

from click.testing import CliRunner
from enroll_tools.provision import library
from figures import PLACE, number

from torture import page, power
from torture.__main__ import main
from torture.faults import Bench

CHOICE = ["server", "--slice", "--only", "etherfax, TCP", "--json", "--script"]
NAME = "an answer to the first byte, then reset"


def test_only_the_named_script_of_the_named_batch_is_run() -> None:
    done = CliRunner().invoke(main, [*CHOICE, NAME])
    assert done.exit_code == 0 and json.loads(done.stdout)[0]["cases"] == 1


def test_a_name_that_no_script_has_is_said() -> None:
    done = CliRunner().invoke(main, [*CHOICE, "nothing"])
    assert done.exit_code == 1 and "no case was tried" in done.output


def test_figures_are_written_of_whole_classes_alone() -> None:
    done = CliRunner().invoke(main, [*CHOICE, NAME, "--write"])
    assert done.exit_code == 2 and "leave out --slice" in done.output


def test_the_page_has_the_cases_of_each_class_and_readme_their_sum(tmp_path: Path) -> None:
    shown = {it["name"]: it["value"] for it in PLACE.finditer(page.README.read_text())}
    assert shown["torture.cases"] == number(page.total())
    copy, readme = tmp_path / "testing.md", tmp_path / "README.md"
    copy.write_text(page.PAGE.read_text())
    readme.write_text(page.README.read_text())
    before = page.total()
    old = {it["name"]: it["value"] for it in PLACE.finditer(copy.read_text())}
    page.write({"power": int(old["torture.power"].replace(" ", "")) + 1000}, copy, readme)
    assert number(before + 1000) in readme.read_text()
    new = {it["name"]: it["value"] for it in PLACE.finditer(copy.read_text())}
    assert {name for name in new if new[name] != old[name]} <= {"torture.power", "torture.power.date"}


def test_what_a_power_cut_can_cost_is_counted_for_each_file_system(tmp_path: Path) -> None:
    """Of services that give an answer once; a provider of other words would make the table empty."""
    copy = tmp_path / "design.md"
    copy.write_text(page.DESIGN.read_text())
    notes = {f"{batch.name}: {page.WINDOW}": "14" for batch in power.batches(True, Bench(tmp_path))}
    page.write_windows(notes | {"boot, xyte, lfs2, chip: " + page.WINDOW: "1300"}, copy)
    [shown] = [it["value"] for it in PLACE.finditer(copy.read_text()) if it["name"] == "torture.windows"]
    lines = shown.strip().splitlines()[2:]
    assert "| littlefs 2, blocks of 512 bytes | 14 | 1 300 |" in lines
    assert {line.split(" | ")[0].strip("| ") for line in lines} >= {
        words for kind, words in page.SYSTEMS.items() if kind != "lfs1"
    }
    [now] = [it["value"] for it in PLACE.finditer(page.DESIGN.read_text()) if it["name"] == "torture.windows"]
    assert now.count("\n") > 6, "run make torture CLASSES=power ARGS=--write"


def test_the_power_of_a_device_of_every_provider_is_cut(tmp_path) -> None:
    words = {word.strip(",") for batch in power.batches(True, Bench(tmp_path)) for word in batch.name.split()}
    assert set(library.names()) <= words
