"""Many boards at a time, interrupted and resumed."""

import csv
import io
import json
import signal
import time

import devices
import leaks
import pytest
from provision.errors import Failure
from provision.fleet import read
from provision.results import COLUMNS, Result, Results
from provision.template import Template


@pytest.fixture
def table(desk, sandbox):
    """`table(boards)`: devices.csv with an enabled etherFAX device for each of the boards; returns their serials."""

    def table(boards, first):
        desk.write("etherfax", network=[{"ssid": "factory", "password": {"$env": "WIFI"}}])
        serials = [devices.create(sandbox, "etherfax", str(first + at))["serial"] for at in range(len(boards))]
        lines = [f"{board.port},{serial}" for board, serial in zip(boards, serials, strict=True)]
        (desk.folder / "devices.csv").write_text("\n".join(["port,serial", *lines]) + "\n")
        return serials

    return table


WORDS = ("fleet", "devices.csv", "--jobs", "2")
WIFI = "canary-of-the-fleet"


def test_three_boards_interrupted_and_resumed(plug, desk, table, sandbox):
    boards = [plug(), plug("chip"), plug()]
    serials = table(boards, 5000)
    process = desk.start(*WORDS, "--result", "results.csv", WIFI=WIFI)
    end = time.monotonic() + 20
    while not all(len(board.heard) > 9000 for board in boards[:2]) and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    leaks.hear("provision fleet", out + err)
    assert process.returncode == 75 and out == "2 of 3 boards are registered\n", (out, err)
    assert "interrupted: " in err and not boards[2].heard
    before = (desk.folder / "results.csv").read_text()
    for board in boards[:2]:
        board.heard.clear()
    done = desk.really(*WORDS, "--result", "results.csv", WIFI=WIFI)
    assert WIFI not in done.seen
    assert done.status == 0 and done.out == "3 of 3 boards are registered\n", done
    assert not any(board.heard for board in boards[:2])
    after = (desk.folder / "results.csv").read_text()
    assert after.startswith(before)
    rows = list(csv.DictReader(io.StringIO(after)))
    assert {row["device_id"] for row in rows} == set(serials)
    assert {row["device"] for row in rows} == {f"serial={serial}" for serial in serials}
    assert len([entry for entry in sandbox.log("etherfax") if "/devices" in entry.path]) == 3
    leaks.hear("results.csv", after)


def test_ctrl_c_twice_drops_the_boards_that_are_under_way(plug, desk, table, sandbox):
    table([plug(), plug()], 5200)
    sandbox.fault("etherfax", times=2, delay=30)
    process = desk.start(*WORDS, "--result", "results.csv", WIFI=WIFI)
    assert process.stderr
    end = time.monotonic() + 30
    while sandbox.faults() and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert "Ctrl-C again drops them" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    leaks.hear("provision fleet", out + err)
    assert (process.returncode, out, err) == (75, "", "")
    assert (desk.folder / "results.csv").read_text() == ",".join(COLUMNS) + "\n", "nobody knows how they ended"


def test_a_board_that_fails_does_not_stop_the_others(plug, desk, table, impatient):
    boards = [plug(), plug()]
    table(boards, 5100)
    boards[0].asleep = True
    done = desk.run(*WORDS, "--result", "results.json", "--json", WIFI=WIFI)
    assert done.status == 75
    found = json.loads(done.out)
    assert [row["state"] for row in found] == ["failed", "registered"]
    assert "does not answer" in found[0]["text"]
    assert sorted(found, key=str) == sorted(json.loads((desk.folder / "results.json").read_text()), key=str)
    boards[0].asleep = False
    assert desk.run(*WORDS, "--result", "results.json", WIFI=WIFI).status == 0


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("port,serial\n", "no row below its header"),
        ("port,serial\n/dev/a,1\n/dev/a,2\n", "line 3: /dev/a is the port of line 2, too"),
        ("port,serial\n/dev/a,1\n/dev/b,1\n", "line 3: serial=1 is on line 2, too"),
        ("port,serial\n/dev/a\n", "line 2: it has another number of cells"),
        ("port,serial\n/dev/a,1,2\n", "line 2: it has another number of cells"),
        ("port,colour\n/dev/a,red\n", "line 2: enroll.json: `etherfax.colour` is unknown"),
        ("port,utc_offset\n/dev/a,east\n", "line 2: enroll.json: `etherfax.utc_offset` wants hours"),
    ],
)
def test_a_table_with_a_mistake(desk, text, sentence):
    desk.write("etherfax")
    path = desk.folder / "devices.csv"
    path.write_text(text)
    with pytest.raises(Failure) as caught:
        read(path, Template(desk.folder / "enroll.json"), False)
    assert sentence in caught.value.message and caught.value.exit_code == 78


def test_rows_override_the_template_and_take_what_is_attached(desk, monkeypatch):
    desk.write("etherfax")
    path = desk.folder / "devices.csv"
    path.write_text("port,serial,utc_offset\n,A1,5.5\n/dev/a,A2,\n,A3,\n")
    monkeypatch.setattr("provision.fleet.attached", lambda: ["/dev/a", "/dev/b"])
    rows = read(path, Template(desk.folder / "enroll.json"), False)
    assert [row.port for row in rows] == ["/dev/b", "/dev/a", "auto"]
    sections = [json.loads(row.settings.text)["etherfax"] for row in rows]
    assert sections == [{"serial": "A1", "utc_offset": 5.5}, {"serial": "A2"}, {"serial": "A3"}]


def test_the_result_file_is_replaced_in_one_step(tmp_path, monkeypatch):
    path = tmp_path / "results.csv"
    results = Results(path)
    results.add(Result("serial=1", "/dev/a", "registered", "1", 0, "registered etherfax 1", 1.5, "2026-01-01"))
    good = path.read_text()
    assert good.splitlines()[0] == ",".join(COLUMNS)
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(Failure, match="No space left"):
        results.add(Result("serial=2", "/dev/b", "failed", "", 75, "", 1, ""))
    assert path.read_text() == good
    monkeypatch.undo()
    again = Results(path)
    assert again.done("serial=1") and not again.done("serial=2")
    path.write_text("a,b\n1,2\n")
    with pytest.raises(Failure, match="is no result file"):
        Results(path)
