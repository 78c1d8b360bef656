"""The collector itself: what it says of tests that pass, fail, crash and hang on MicroPython."""

import on_micropython
import pytest
from on_micropython import run
from runtimes import first


@pytest.fixture
def suite(tmp_path):
    path = tmp_path / "test_suite.py"
    path.write_text(
        "import os\n"
        "def test_good(): print('noise', end='')\n"
        "def test_bad():\n    assert 1 == 2, 'because'\n"
        "def test_exit(): raise SystemExit(0)\n"
        "def test_crash(): os.system('kill -9 $PPID')\n"
        "import time\n"
        "def test_hang(): time.sleep(60)\n"
    )
    return path


def test_a_test_that_passes_has_no_traceback(suite):
    results, _ = run(first(), suite, "test_good")
    assert results == {"test_good": ""}


def test_a_failure_has_its_traceback_and_the_next_test_runs(suite):
    results, _ = run(first(), suite, "test_bad", "test_good")
    assert "test_suite.py" in results["test_bad"] and "AssertionError: because" in results["test_bad"]
    assert results["test_good"] == ""


def test_a_test_that_exits_fails(suite):
    results, _ = run(first(), suite, "test_exit", "test_good")
    assert "SystemExit" in results["test_exit"] and results["test_good"] == ""


def test_what_ran_before_a_crash_keeps_its_result(suite):
    results, rest = run(first(), suite, "test_good", "test_crash", "test_bad")
    assert results == {"test_good": ""}
    assert "exit status" in rest


def test_what_ran_before_a_hang_keeps_its_result(suite, monkeypatch):
    monkeypatch.setattr(on_micropython, "PATIENCE", 1.5)
    results, rest = run(first(), suite, "test_good", "test_hang", "test_bad")
    assert results == {"test_good": ""}
    assert "no end after" in rest


def test_a_file_that_cannot_be_imported_has_no_results(tmp_path):
    path = tmp_path / "test_broken.py"
    path.write_text("import nothing_like_this\n")
    results, rest = run(first(), path, "test_one")
    assert results == {}
    assert "nothing_like_this" in rest
