"""The mutation tester: what it changes, how it reports a module with weak tests, and its list of equivalents."""

import io
import json
import subprocess
import sys

import mutants.__main__
import pytest
from mutants.__main__ import EQUIVALENT as EQUIVALENT_HERE
from mutants.__main__ import reasons, show
from mutants.judge import Result
from mutants.mutations import choose, find, modules
from rich.console import Console

ROOT = __file__.rpartition("/")[0].rpartition("/")[0]
SOURCE = '''"""A module with 1 test."""
LIMIT: int = 3

if False:  # for type hints only
    from nowhere import nothing


def inside(value):
    """Whether 0 < value."""
    return 0 < value <= LIMIT  # not more


def last(values):
    at = 0
    while at + 1 < len(values):
        at += 1
    return values[at] if values else None


def untested(value):
    return value is not None and not value
'''
TESTS = """
from sample.limits import inside, last


def test_inside():
    assert inside(3) and not inside(4) and not inside(-1)


def test_last():
    assert last([5, 6]) == 6 and last([]) is None
"""
EQUIVALENT = """
[[mutant]]
in = "sample.limits:last"
line = "at = 0"
becomes = "at = 1"
why = "only a stand-in for one that is"
"""
RUN = """
import sys
from pathlib import Path
import mutants.__main__ as it
from mutants import trial
here = Path(sys.argv.pop(1))
it.ROOT, it.EQUIVALENT, it.PACKAGE, trial._CPU = here, here / "equivalent.toml", "sample", 1
it.SUITE = trial.Suite(here, here / "sample", ("tests",))
it.main()
"""


@pytest.fixture
def project(tmp_path):
    """A project with one module, its tests and its list."""
    for name, text in {
        "sample/__init__.py": "",
        "sample/limits.py": SOURCE,
        "tests/test_limits.py": TESTS,
        "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\n',
        "equivalent.toml": EQUIVALENT,
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def run(project, *arguments):
    """What `make mutants` says of `project`, a process that has ended."""
    command = [sys.executable, "-c", RUN, project, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=project, timeout=50, check=False)


def test_what_is_changed(project):
    found = find(project / "sample/limits.py", "sample.limits")
    changes = {(it.line, it.kind, it.new) for it in found}
    assert {
        (2, "dropped", "pass"),
        (2, "number", "LIMIT: int = 4"),
        (10, "comparison", "return 0 <= value <= LIMIT  # not more"),
        (10, "comparison", "return 0 < value < LIMIT  # not more"),
        (10, "number", "return 1 < value <= LIMIT  # not more"),
        (17, "condition", "return values[at] if not (values) else None"),
        (21, "condition", "return value is not None or not value"),
        (21, "condition", "return value is not None and value"),
        (21, "comparison", "return value is None and not value"),
    } <= changes
    assert {it.line for it in found} == {2, 10, 14, 15, 16, 17, 21}  # no docstring, no import
    for mutant in found:
        compile(mutant.code, "sample", "exec")


def test_a_sample_depends_on_its_seed_and_little_on_the_rest_of_the_file(project):
    path = project / "sample/limits.py"
    before = choose(find(path, "sample.limits"), 5, 1)
    assert choose(find(path, "sample.limits"), 5, 2) != before
    path.write_text("X = 7\n" + SOURCE)
    after = choose(find(path, "sample.limits"), 5, 1)
    assert len({it.key for it in before} & {it.key for it in after}) >= 3


@pytest.mark.long
def test_survivors_are_named_and_equivalent_ones_do_not_count(project):
    done = run(project, "--all", "--json")
    assert done.returncode == 1, done.stderr  # less than 95 %
    assert "seed" in done.stderr
    found = json.loads(done.stdout)
    assert {(it["place"], it["becomes"]) for it in found["survivors"]} == {
        ("sample/limits.py:10", "return 0 <= value <= LIMIT  # not more"),
        ("sample/limits.py:10", "return 1 < value <= LIMIT  # not more"),
        *((it["place"], it["becomes"]) for it in found["survivors"] if it["in"].endswith(":untested")),
    }
    assert [it["why"] for it in found["equivalents"]] == ["only a stand-in for one that is"]
    total = len(find(project / "sample/limits.py", "sample.limits"))
    assert found["killed"] + found["alive"] + found["equivalent"] == total  # what never ends is killed, too
    assert found["score"] == round(100 * found["killed"] / (total - 1), 1)
    assert (project / "sample/limits.py").read_text() == SOURCE


def test_a_survivor_is_shown_with_its_change_in_80_columns(project, monkeypatch):
    monkeypatch.setattr(mutants.__main__, "ROOT", project)
    (project / "sample/limits.py").write_text(SOURCE.replace("# not more", "# not more than that" * 9))
    alive = find(project / "sample/limits.py", "sample.limits")
    console = Console(file=io.StringIO(), width=80)
    show(Result(alive=alive), console)
    text = console.file.getvalue()
    assert "sample/limits.py:10 in inside, a comparison\n  - return 0 < value" in text
    assert max(map(len, text.splitlines())) <= 80


def test_an_entry_of_the_list_that_names_no_mutant_is_refused(project):
    (project / "equivalent.toml").write_text(EQUIVALENT.replace("at = 0", "at = 9"))
    done = run(project, "--all")
    assert done.returncode == 2
    assert "at = 9" in done.stderr and ": correct or remove it" in done.stderr


def test_tests_that_fail_without_a_mutant_say_nothing(project):
    (project / "tests/test_limits.py").write_text(TESTS + "    assert False\n")
    done = run(project, "--all")
    assert done.returncode == 2
    assert "tests/test_limits.py::test_last" in done.stderr


def test_the_list_of_this_repository_is_up_to_date():
    suite = mutants.__main__.SUITE
    found = [mutant for path, module in modules(suite.library) for mutant in find(path, module)]
    assert all(reasons(EQUIVALENT_HERE, found).values())
