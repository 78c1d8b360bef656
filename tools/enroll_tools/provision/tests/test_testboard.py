"""`make test-board` on a simulated board: what it shows, and that it leaves the board as it was."""

import json
import os
import signal
import subprocess
import sys

import pytest
from click.testing import CliRunner
from devices import ROOT
from enroll_tools.provision.library import LIBRARY, library
from enroll_tools.provision.link import connect
from enroll_tools.provision.tests.helpers import until
from testboard import bench, cloud, hardware, stages, unit
from testboard.__main__ import EVIDENCE, main

PATH = ":".join(str(ROOT / it) for it in ("lib", "host_tests", "host_tests/fakes"))
OWN = {"main.py": "print('mine')", "notes.txt": "theirs", "lib/other.py": "x = 1"}
# a deep sleep, which the unix port has not: its end looks like a reset by the watchdog
BOOT = """
import machine, time
def deepsleep(ms):
    time.sleep(ms / 1000)
    machine.WDT(timeout=1)
    time.sleep(9)
machine.deepsleep, machine.DEEPSLEEP_RESET = deepsleep, 3
"""


def put(board, files):
    """Write files of a person's own to the board."""
    code = "".join(
        f"import os\nfor it in {path.split('/')[:-1]!r}:\n try: os.mkdir('/' + it)\n except OSError: pass\n"
        f"f = open({'/' + path!r}, 'w'); f.write({text!r}); f.close()\n"
        for path, text in files.items()
    )
    done = board.mpremote("exec", code)
    assert done.returncode == 0, done


def there(board):
    """All that is on the board's flash."""
    with connect(board.port) as link:
        return link.hashes("", []), sorted(board.mpremote("resume", "fs", "ls").stdout.split())


def run(board, *words):
    """Run it; returns its exit status and what it has printed as JSON."""
    result = CliRunner().invoke(main, ["--port", board.port, "--json", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, json.loads(result.stdout)


def only(*stages):
    return [word for stage in stages for word in ("--only", stage)]


@pytest.mark.long
def test_what_a_board_shows_and_that_it_has_then_what_it_had(plug, runtime):
    board = plug(runtime)
    put(board, OWN)
    before = there(board)
    shorter = only("flash", "network", "board") if runtime == "chip" else []  # the unit tests run there as files
    status, found = run(board, "--file", "test_url.py", "--file", "test_provider_answers_odd.py", *shorter)
    results = {row["name"]: row["result"] for row in found["rows"]}
    assert status == 0 and (found["platform"], found["board"]) == ("linux", "linux"), found
    passed = [name for name, result in results.items() if result == "passed"]
    assert passed == [
        *(["unit tests"] if not shorter else []),
        "power cuts in memory",
        "records on flash",
        "TLS, certificates good and bad",
        *(f"two boots, {it}" for it in ("etherfax", "ickstream", "xyte", "centagate")),
        "heap and flash",
    ]
    reasons = {row["name"]: row["text"] for row in found["rows"] if row["result"] == "not tried"}
    assert set(results) == {*passed, *reasons} and all(reasons.values())
    assert reasons["deep sleep"] == "this board has no machine.deepsleep"
    assert reasons["watchdog"] == "a reset would run the board's own main.py: --own-main allows it"
    until(lambda: b"mine" in board.said[-300:], 5)  # it boots as it would have
    assert there(board) == before
    assert not list(EVIDENCE.glob("linux*"))


def test_what_fails_is_a_row_and_an_exit_status(plug, monkeypatch, tmp_path):
    board = plug()
    monkeypatch.setitem(cloud.CASES, "https-expired", 404)
    real = cloud.configure
    monkeypatch.setattr(
        cloud, "configure", lambda bench, it, service: (real(bench, it, service), it.fault("xyte", status=503))
    )
    status, found = run(board, "--out", str(tmp_path / "out"), *only("network"))
    failed = {row["name"]: row["text"] for row in found["rows"] if row["result"] == "failed"}
    assert status == 1 and set(failed) == {"TLS, certificates good and bad", "two boots, xyte"}, found
    assert failed["TLS, certificates good and bad"] == "https-expired: certificate, not 404"
    assert failed["two boots, xyte"].startswith("xyte: the first boot ended with 75")
    [path] = (tmp_path / "out").iterdir()
    assert json.loads(path.read_text()) == found and path.name == f"linux-{found['firmware']}.json"


@pytest.mark.long
def test_what_a_board_has_not_is_left_out_in_words(plug):
    """A chip without TLS, of a family without a port: all else is shown."""
    board = plug(claims={"platform": "qemu"}, lacks="tls")
    put(board, {"boot.py": BOOT})
    status, found = run(board, *only("network", "board"))
    rows = {row["name"]: (row["result"], row["text"]) for row in found["rows"]}
    assert status == 0 and found["board"] == "qemu", found
    assert rows["two boots, xyte"] == ("not tried", "this MicroPython has no tls")
    assert rows["heap and flash"][0] == "passed"
    [figures] = [row["figures"] for row in found["rows"] if row["name"] == "heap and flash"]
    assert figures["library takes"] > 20000, "it is not all that a first boot loads"


def test_a_board_with_tls_of_a_family_without_a_port(plug):
    status, found = run(plug(claims={"platform": "samd"}), *only("network"))
    assert status == 0 and {row["text"] for row in found["rows"] if "boots" in row["name"]} == {
        "samd boards have no port.py yet"
    }, found


def test_a_board_whose_name_says_nothing_is_named_before_anything_is_tried(plug):
    board = plug(claims={"platform": "rp2"})
    before = there(board)
    status, found = run(board)
    assert (
        status == 78 and found["rows"] == [] and "is not a board of the family rp2: use --board with" in found["error"]
    ), found
    assert there(board) == before


@pytest.mark.long
def test_a_board_that_restarts_in_a_test_goes_on_with_the_next_file(plug, monkeypatch, tmp_path):
    real = unit.compiled
    path = tmp_path / "test_url.py"
    path.write_text("import machine, time\nmachine.WDT(timeout=1)\ntime.sleep(9)\n")
    monkeypatch.setattr(unit, "compiled", lambda it: real(path if it.name == path.name else it))
    status, found = run(plug(), "--file", "test_url.py", "--file", "test_tasks.py", *only("unit"))
    row = found["rows"][0]
    failed = row["figures"]["failed"]
    assert status == 1 and row["result"] == "failed" and row["figures"]["passed"] > 0, found
    assert {name.split()[0] for name in failed} == {"test_url.py"}
    assert set(failed.values()) == {"the board was lost: Restarted"}


@pytest.mark.parametrize(
    ("last", "numbers"), [("saved 12", [11, 12]), ("saved ", [11]), ("save", [11]), ("saved 1x", [11])]
)
def test_a_line_that_the_reset_cut_is_no_record(last, numbers):
    assert hardware.saved(["hello", "saved 11", last]) == numbers


@pytest.mark.long
def test_a_store_that_loses_records_is_found_out(plug, monkeypatch):
    for name, value in (("ROUNDS", 1), ("LEAST", 200)):
        monkeypatch.setattr(hardware, name, value)
    files = dict(library(False))
    del files["/lib/enroll/commit.mpy"]
    source = (LIBRARY / "commit.py").read_text()
    # it takes its time, as flash does: otherwise a fast machine prints more records than the tool reads
    slowly = "    def save(self, *_):\n        __import__('time').sleep_ms(2)\n\n    def unused("
    forgetful = source.replace("    def save(", slowly)
    assert forgetful != source
    monkeypatch.setattr(stages, "library", lambda _source: {**files, "/lib/enroll/commit.py": forgetful.encode()})
    status, found = run(plug(), *only("flash"))
    failed = {row["name"]: row["text"] for row in found["rows"] if row["result"] == "failed"}
    assert status == 1 and set(failed) == {"power cuts in memory", "records on flash", "resets while saving"}, found
    assert "and record 0 was there after the reset" in failed["resets while saving"]


@pytest.mark.long
def test_resets_are_survived_and_waited_for(plug, monkeypatch):
    for name, value in (("ROUNDS", 2), ("LEAST", 400), ("SLEEP", 300)):
        monkeypatch.setattr(hardware, name, value)
    board = plug()
    put(board, {"boot.py": BOOT})
    status, found = run(board, *only("flash", "board"))
    rows = {row["name"]: row for row in found["rows"]}
    assert status == 0, found
    assert [rows[it]["result"] for it in ("resets while saving", "watchdog", "deep sleep")] == ["passed"] * 3, found
    assert rows["resets while saving"]["figures"]["resets"] == 2
    assert rows["resets while saving"]["figures"]["records"] > 2


@pytest.mark.parametrize("name", ["main.py", "boot.py", "enroll.json"])
def test_a_board_that_registers_by_itself_is_not_tried(plug, name):
    board = plug()
    put(board, {name: "if 0:\n import enroll\n"})
    before = there(board)
    status, found = run(board, *only("board"))
    assert status == 78 and "registers it: take another one" in found["error"]
    assert there(board) == before


def test_a_folder_of_somebody_elses_is_left_alone(plug):
    board = plug()
    put(board, {"test-enroll/notes.txt": "theirs"})
    before = there(board)
    status, found = run(board, *only("board"))
    assert status == 78 and "has a folder /test-enroll of its own" in found["error"]
    assert there(board) == before


@pytest.mark.long
def test_ctrl_c_takes_the_folder_away(plug):
    board = plug()
    put(board, OWN)
    before = there(board)
    command = [sys.executable, "-m", "testboard", "--port", board.port, "--only", "network"]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": PATH}, stderr=subprocess.PIPE, text=True)
    with process.stderr:
        for line in process.stderr:
            if "TLS" in line:
                break
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 1
    assert there(board) == before


@pytest.mark.long
def test_a_board_that_is_unplugged_is_named_and_cleaned_by_the_next_run(plug, monkeypatch):
    monkeypatch.setattr(bench, "BACK", 0.5)
    monkeypatch.setattr(hardware, "LEAST", 200)
    board = plug()
    real = hardware.figures
    monkeypatch.setattr(hardware, "figures", lambda it: (board.unplug(), real(it)))
    status, found = run(board, *only("board"))
    assert status == 75 and "is gone, and still has /test-enroll" in found["error"], found
    monkeypatch.setattr(hardware, "figures", real)
    board.plug()
    assert "test-enroll/" in board.mpremote("fs", "ls").stdout
    assert run(board, *only("board"))[0] == 0
    assert "test-enroll" not in board.mpremote("fs", "ls").stdout
