"""Every block of code or commands that a page shows is run by a test: here, or by the one that RUN_BY names."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from devices import ROOT
from enroll_tools.provision import screen, table, template
from enroll_tools.provision.cli import main as provision
from enroll_tools.provision.untrusted import Secrets
from enroll_tools.sandbox import Sandbox
from enroll_tools.sandbox.cli import main as sandbox
from markdown_it import MarkdownIt

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
HERE = "host_tests/test_blocks.py"
BOARDS = "tools/enroll_tools/provision/tests"
SERVICE = "host_tests/system/test_service_pages.py"
BENCH = r"\.venv/bin/enroll-provision (scan|flash|fleet|station|upgrade|logs)\b"
# page, how the block begins, the test that runs it; the first line that fits counts
RUN_BY = [
    ("docs/services/.*", r"GET|POST|PUT|\{", f"{SERVICE}::test_the_wire_is_as_the_page_shows_it"),
    ("docs/services/.*", r"\$|import", f"{SERVICE}::test_afterwards_and_in_the_portal"),
    (
        "docs/boards/.*",
        "make setup\nBOARD=",
        f"{BOARDS}/test_pages.py::test_by_hand_as_the_page_of_a_family_says",
    ),
    (".*", "make setup\ncp ", f"{BOARDS}/test_five_commands.py::test_five_commands_word_for_word"),
    ("docs/getting-started.md", "cp .cache", f"{BOARDS}/test_demo_board.py::test_another_board_as_the_page_says"),
    (
        "docs/getting-started.md",
        r"\$",
        f"{BOARDS}/test_demo_board.py::test_word_for_word_what_the_page_says",
    ),
    ("README.md", "import", "host_tests/system/test_readme.py::test_its_program_registers_and_reports"),
    ("README.md", "etherfax:", "host_tests/test_docs.py::test_the_picture_is_made_by_a_run_and_needs_no_network"),
    ("docs/add-a-service.md", '"""|from', "host_tests/test_docs.py::test_a_service_is_added_as_the_page_says"),
    ("docs/add-a-service.md", r"\{", "host_tests/test_new_service.py::test_a_service_begins_with_tests_that_pass"),
    ("docs/api.md", "from", "host_tests/system/test_pages.py::test_tasks_of_a_service"),
    ("docs/integrate.md", "import gc", "host_tests/system/test_examples.py::test_the_smallest_integration_of_the_docs"),
    ("docs/integrate.md", "async", "host_tests/system/test_pages.py::test_beside_other_tasks"),
    ("docs/integrate.md", ".venv/bin/mpremote", f"{BOARDS}/test_mip.py::test_by_the_command_that_make_dist"),
    ("docs/integrate.md", "import mip", "host_tests/test_release.py::test_"),
    ("docs/mqtt.md", "import", "host_tests/oracles/test_mqtt.py::test_the_program_of_the_page"),
    ("docs/mqtt.md", r"\{", f"{BOARDS}/test_broker.py::test_what_the_page_shows_is_good"),
    ("docs/outcomes.md", "MICROPYPATH", "host_tests/system/test_pages.py::test_the_command_of_a_computer"),
    ("docs/provision.md", "pip install", "host_tests/test_release.py::test_"),
    ("docs/provision.md", r"\{", f"{HERE}::test_the_placeholders_are_filled_in"),
    ("docs/provision.md", BENCH, f"{BOARDS}/test_pages.py::test_the_bench_as_the_page_says"),
    ("docs/provision.md", "serial,", f"{HERE}::test_the_table_is_read"),
    ("docs/sandbox.md", "from enroll_tools", f"{HERE}::test_the_sandbox_in_tests"),
    ("docs/sandbox.md", "docker|services:", "host_tests/test_container.py::test_the_page_fits_the_file"),
    ("docs/sandbox.md", "def test_", "host_tests/test_plugin.py::test_the_example_of_the_page"),
    ("docs/load.md", "tools/load.sh", "host_tests/test_load.py::test_the_options_of_the_page_are_there"),
    (".*", r"make |(\.venv/bin/)?enroll-(provision|sandbox) ", f"{HERE}::test_every_command_is_understood"),
]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path) -> list[str]:
    """The blocks of code in a page, fenced or indented."""
    tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text())
    return [token.content for token in tokens if token.type in ("fence", "code_block")]


def run_by(page: str, block: str) -> str | None:
    """The test that runs `block` of `page`, or None."""
    for pages, begins, test in RUN_BY:
        if re.fullmatch(pages, page) and re.match(begins, block):
            return test
    return None


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_is_run_by_a_test(page: Path) -> None:
    for block in blocks(page):
        test = run_by(name(page), block)
        assert test, f"no test runs this block of {name(page)}: write one, and name it in RUN_BY\n{block}"
        file, _, function = test.partition("::")
        assert f"def {function}" in (ROOT / file).read_text(), test


def test_no_rule_is_left_over() -> None:
    used = {run_by(name(page), block) for page in PAGES for block in blocks(page)}
    assert {test for _, _, test in RUN_BY} == used


def block(page: str, begins: str) -> str:
    """The one block of a page that begins so."""
    [found] = [it for it in blocks(ROOT / page) if it.startswith(begins)]
    return found


def commands() -> Iterator[tuple[str, list[str]]]:
    """(page, words) of each command line that this file looks after."""
    for page in PAGES:
        for it in blocks(page):
            if run_by(name(page), it) == RUN_BY[-1][2]:
                yield from ((name(page), shlex.split(line, comments=True)) for line in it.splitlines())


def understood(group: click.Group, words: list[str]) -> None:
    """Let click read the command line, as it does before a command runs."""
    name, command, rest = group.resolve_command(click.Context(group), words)
    assert command
    if isinstance(command, click.Group):
        understood(command, rest)
    else:
        command.make_context(name, rest)


def test_every_command_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the commands do, their own tests show; here no option of a page is unknown to them."""
    monkeypatch.chdir(tmp_path)
    files = ("enroll.json", "devices.csv", "ESP32_GENERIC-20260101-v1.28.0.bin")
    for file in (*files, ".cache/sandbox/ca.pem"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    seen = set()
    for page, words in commands():
        seen.add(words[0].removeprefix(".venv/bin/"))
        if words[0] == "make":
            dry = ["make", "--dry-run", "--directory", str(ROOT), *words[1:]]
            done = subprocess.run(dry, env=environment, capture_output=True, text=True, check=False)
            assert done.returncode == 0, (page, words, done.stderr)
        else:
            program = {"enroll-provision": provision, "enroll-sandbox": sandbox}[words[0].removeprefix(".venv/bin/")]
            understood(program, words[1:])
    assert seen == {"make", "enroll-sandbox", "enroll-provision"}


def test_every_target_that_a_page_names_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {word for page in PAGES for word in re.findall(r"`(?:\.\.\. )?make (?:-\w )?([a-z-]+)", page.read_text())}
    assert named and named <= targets


def test_the_placeholders_are_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WIFI", "from the environment")
    monkeypatch.setattr(screen, "prompt", lambda text: f"typed at {text}")
    (tmp_path / "hardware.key").write_text("from a file\n")
    found = template.resolve(json.loads(block("docs/provision.md", "{")), tmp_path, Secrets())
    assert found["network"][0]["password"] == "from the environment"
    assert found["xyte"] == {"hardware_key": "from a file", "sn": "typed at Serial number"}


def test_the_table_is_read(tmp_path: Path) -> None:
    shutil.copy(ROOT / "firmware/examples/etherfax.json", tmp_path / "enroll.json")
    (tmp_path / "ca.der").touch()
    (tmp_path / "devices.csv").write_text(block("docs/provision.md", "serial,"))
    read = table.Table(tmp_path / "devices.csv", template.Template(tmp_path / "enroll.json"))
    assert [row.device for row in read.rows] == ["serial=MT000000001", "serial=MT000000002"]
    assert read.carried == ["order"]


def test_the_sandbox_in_tests(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    exec(block("docs/sandbox.md", "from enroll_tools"), names)
    assert names["Sandbox"] is Sandbox and isinstance(names["sandbox"], Sandbox)
