"""Figures that commands write into the documentation."""

import importlib
from pathlib import Path

import figures
import pytest
from click import ClickException
from click.testing import CliRunner
from figures import PLACE, fill, filled, number, ready, table

PAGE = "takes <!-- boot.ms -->7<!-- /boot.ms --> ms\n\n<!-- rows -->\nold\n<!-- /rows -->\n"


def test_a_figure_takes_the_place_of_the_one_before_and_nothing_else_changes():
    once = filled(PAGE, {"boot.ms": "12", "rows": table(["a", "b"], [[1, 2]])})
    assert once == (
        "takes <!-- boot.ms -->12<!-- /boot.ms --> ms\n\n"
        "<!-- rows -->\n| a | b |\n| --- | --- |\n| 1 | 2 |\n<!-- /rows -->\n"
    )
    assert filled(once, {"boot.ms": "7", "rows": "old\n"}) == PAGE
    assert filled(PAGE, {"boot.ms": "7"}) == PAGE


def test_a_figure_without_a_place_is_an_error_that_names_it(tmp_path):
    (tmp_path / "page.md").write_text(PAGE)
    with pytest.raises(ClickException, match=r"page\.md has no place for boot\.seconds: write"):
        fill(tmp_path / "page.md", {"boot.ms": "12", "boot.seconds": "3"})
    assert (tmp_path / "page.md").read_text() == PAGE


def test_a_page_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text(PAGE)

    def interrupted(path, text):
        with path.open("w") as file:
            file.write(text[:10])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "write_text", interrupted)
        fill(page, {"boot.ms": "12"})
    assert page.read_text() == PAGE
    assert list(tmp_path.iterdir()) == [page]
    fill(page, {"boot.ms": "12"})
    assert page.read_text() == filled(PAGE, {"boot.ms": "12"})


def test_what_cannot_be_written_is_said_before_it_is_measured(tmp_path, monkeypatch):
    (tmp_path / "page.md").write_text(PAGE)
    ready(tmp_path / "page.md", tmp_path / "a folder that comes later")
    assert [it.name for it in tmp_path.iterdir()] == ["page.md"]
    with pytest.raises(ClickException, match=r"page\.md/plot\.svg cannot be written \(.*\): "):
        ready(tmp_path / "page.md", tmp_path / "page.md" / "plot.svg")
    monkeypatch.setattr(figures, "find_spec", lambda _: None)
    ready(tmp_path / "page.md")
    with pytest.raises(ClickException, match=r"matplotlib is missing: "):
        ready(tmp_path / "page.md", plots=True)


WRITERS = pytest.mark.parametrize(
    ("command", "page", "measures", "arguments"),
    [
        ("storm.__main__", "storm.page", "storm.cases.run", []),
        ("crowd.__main__", "crowd.page", "crowd.__main__.Scene", []),
        ("boot_profile.__main__", "boot_profile.page", "boot_profile.__main__.measured", []),
        ("size", "size_page", "size.flash", ["--write"]),
        ("bench_sandbox", "bench_sandbox", "bench_sandbox.wrk", []),
        ("torture.__main__", "torture.page", "torture.__main__.torture", ["--write"]),
    ],
)
PREFIXES = {"boot_profile": "profile", "bench_sandbox": "sandbox"}  # of places; the others are called as their command


@WRITERS
def test_each_command_that_writes_a_page_looks_first(command, page, measures, arguments, tmp_path, monkeypatch):
    pytest.importorskip("numpy", reason="numpy is missing: make storm installs it")
    main = importlib.import_module(command).main
    (tmp_path / "file").touch()
    monkeypatch.setattr(importlib.import_module(page), "PAGE", tmp_path / "file" / "page.md")
    monkeypatch.setattr(measures, lambda *_: pytest.fail("it was measured"))
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 1 and "page.md cannot be written" in done.output, done


@WRITERS
def test_each_command_that_writes_a_page_looks_for_all_its_places_first(
    command, page, measures, arguments, tmp_path, monkeypatch
):
    pytest.importorskip("matplotlib", reason="matplotlib is missing: make storm installs it")
    main, module = importlib.import_module(command).main, importlib.import_module(page)
    text = module.PAGE.read_text()
    name = command.partition(".")[0]
    ours = [it["name"] for it in PLACE.finditer(text) if it["name"].startswith(f"{PREFIXES.get(name, name)}.")]
    monkeypatch.setattr(module, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(measures, lambda *_: pytest.fail("it was measured"))
    assert ours
    for it in ours:
        module.PAGE.write_text(text.replace(f"<!-- /{it} -->", ""))
        done = CliRunner().invoke(main, arguments)
        assert done.exit_code == 1 and f"page.md has no place for {it}: " in done.output, (it, done)


def test_thousands_are_apart():
    assert number(1234567.891, 1) == "1 234 567.9"
