"""Many boards at a time, interrupted and resumed."""

import csv
import dataclasses
import io
import json
import signal

import leaks
import pytest
from enroll_tools.provision import fleet
from enroll_tools.provision.errors import Failure
from enroll_tools.provision.files import both_locked, locked
from enroll_tools.provision.results import COLUMNS, Result, Results
from enroll_tools.provision.table import Table
from enroll_tools.provision.template import Template
from enroll_tools.provision.tests.helpers import asked, until


@pytest.fixture
def table(desk):
    """`table(boards)`: enroll.json, and devices.csv with a row for each of the boards; returns their serials."""
    desk.write("etherfax", network=[{"ssid": "factory", "password": {"$env": "WIFI"}}])
    return lambda boards: desk.table(port=[board.port for board in boards])


@pytest.fixture
def read_table(desk):
    """`read_table(text)`: the Table of etherFAX devices."""
    desk.write("etherfax")

    def read(text):
        (desk.folder / "devices.csv").write_text(text)
        return Table(desk.folder / "devices.csv", Template(desk.folder / "enroll.json"))

    return read


WORDS = ("fleet", "devices.csv", "--jobs", "2")
WIFI = "canary-of-the-fleet"


def test_the_port_of_the_environment_is_the_only_one(plug, desk, table):
    """`fleet` took every attached board, while `scan` and `station` took the one in PROVISION_PORT."""
    board = plug(stocked=True)
    serials = table([board])
    (desk.folder / "devices.csv").write_text(f"serial,order\n{serials[0]},4711\n")
    done = desk.run("fleet", "devices.csv", board=board, WIFI=WIFI)
    assert done.status == 0 and done.out == "1 of 1 boards are registered\n", done
    assert "passed on to the result file: order" in done.err


def test_three_boards_interrupted_and_resumed(plug, desk, table, sandbox):
    boards = [plug(), plug("chip"), plug()]
    serials = table(boards)
    process = desk.start(*WORDS, "--result", "results.csv", WIFI=WIFI)
    until(lambda: all(len(board.heard) > 9000 for board in boards[:2]))
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    leaks.hear("enroll-provision fleet", out + err)
    assert process.returncode == 75 and out == "2 of 3 boards are registered\n", (out, err)
    assert "interrupted: " in err and len(boards[2].heard) < 9000, "it was only asked"
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
    assert {row["url"] for row in rows} == {sandbox.url("etherfax", "https")} and rows[0]["provider"] == "etherfax"
    given = list(csv.DictReader(io.StringIO((desk.folder / "devices.csv").read_text())))
    assert {f"serial={row['serial']}": row["board"] for row in given} == {row["device"]: row["board"] for row in rows}
    assert len({row["board"] for row in rows}) == 3
    assert len(asked(sandbox)) == 3
    leaks.hear("results.csv", after)


def test_ctrl_c_twice_drops_the_boards_that_are_under_way(plug, desk, table, sandbox):
    table([plug(stocked=True), plug(stocked=True)])
    sandbox.fault("etherfax", times=2, delay=30)
    process = desk.start(*WORDS, "--result", "results.csv", WIFI=WIFI)
    assert process.stderr
    until(lambda: not sandbox.faults())
    process.send_signal(signal.SIGINT)
    assert "Ctrl-C again drops them" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    leaks.hear("enroll-provision fleet", out + err)
    assert (process.returncode, out, err) == (75, "", "")
    rows = csv.DictReader((desk.folder / "results.csv").read_text().splitlines())
    assert [row["state"] for row in rows] == ["open", "open"], "nobody knows how they ended"


def test_a_board_that_fails_does_not_stop_the_others(plug, desk, table, impatient):
    boards = [plug(stocked=True), plug(stocked=True)]
    table(boards)
    boards[0].asleep = True
    done = desk.run(*WORDS, "--result", "results.json", "--json", WIFI=WIFI)
    assert done.status == 75
    found = json.loads(done.out)
    assert [row["state"] for row in found] == ["failed", "registered"]
    assert "does not answer" in found[0]["text"]
    assert sorted(found, key=str) == sorted(json.loads((desk.folder / "results.json").read_text()), key=str)
    boards[0].asleep = False
    assert desk.run(*WORDS, "--result", "results.json", WIFI=WIFI).status == 0


def test_an_internal_error_does_not_end_a_fleet(plug, desk, table, monkeypatch):
    """Noise in an answer was one: the fleet ended with a traceback, and no row had a result."""
    boards = [plug(), plug(stocked=True), plug(stocked=True)]
    serials = table(boards)
    read, provide = fleet.registration.read, fleet.provide
    broken = [board.port for board in boards[:2]]
    monkeypatch.setattr(fleet.registration, "read", lambda link: 1 / (link.port != broken[0]) and read(link))
    monkeypatch.setattr(fleet, "provide", lambda port, *more: 1 / (port != broken[1]) and provide(port, *more))
    done = desk.run(*WORDS, "--json", WIFI=WIFI)
    assert done.status == 76, done
    found = json.loads(done.out)
    assert [row["state"] for row in found] == ["failed", "failed", "registered"]
    assert [row["device_id"] for row in found] == ["", "", serials[2]]
    assert "provision itself failed, ZeroDivisionError: report it" in found[0]["text"]
    assert found[1]["text"] == found[0]["text"]
    assert [row["status"] for row in found] == [76, 76, 0]


def test_the_sandbox_first_and_then_production(plug, desk, table, sandbox):
    """A fleet said that all boards were registered, and had touched none."""
    board = plug(stocked=True)
    (serial,) = table([board])
    assert desk.run(*WORDS, WIFI=WIFI).status == 0
    config = json.loads((desk.folder / "enroll.json").read_text())
    first, second = config["url"], sandbox.url("etherfax", "http")
    (desk.folder / "enroll.json").write_text(json.dumps(config | {"url": second}))
    done = desk.run(*WORDS, "--json", WIFI=WIFI)
    (found,) = json.loads(done.out)
    assert (done.status, found["state"], found["url"]) == (77, "failed", second)
    assert f"this board is {serial}, registered at {first} since 20" in found["text"]
    assert len(asked(sandbox)) == 1
    sandbox.etherfax.reset(serial)
    done = desk.run(*WORDS, "--json", "--replace", serial, WIFI=WIFI)
    assert desk.run(*WORDS, WIFI=WIFI).status == 0 and not desk.run("reset", "--yes", board=board).status
    (found,) = json.loads(done.out)
    assert (done.status, found["state"], found["url"]) == (0, "registered", second)
    assert len((desk.folder / "results.csv").read_text().splitlines()) == 3, "the sandbox's result stays"

    sandbox.etherfax.reset(serial)
    other = desk.serial()
    with open(desk.folder / "devices.csv", "a") as file:
        file.write(f"{board.port},{other},\n")
    done = desk.run(*WORDS, "--json", WIFI=WIFI)
    states = {row["device"]: row["state"] for row in json.loads(done.out)}
    assert states == {f"serial={serial}": "registered", f"serial={other}": "waiting"}
    statuses = [entry.status for entry in sandbox.log("etherfax") if "/devices" in entry.path]
    assert statuses == [200, 200, 200], "a board that was reset is registered again, as what it was"


RESULT = Result(
    "serial=1", "etherfax", "https://x", "AA", "/dev/a", "registered", "1", 0, "registered 1", 1.5, "2026-01-01"
)


def test_the_result_file_is_replaced_in_one_step(tmp_path, monkeypatch):
    path = tmp_path / "results.csv"
    results = Results(path)
    results.add(RESULT)
    good = path.read_text()
    assert good.splitlines()[0] == ",".join(COLUMNS)
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(Failure, match="No space left"):
        results.add(RESULT)
    assert path.read_text() == good and list(tmp_path.iterdir()) == [path]
    monkeypatch.undo()
    path.write_text("a,b\n1,2\n")
    with pytest.raises(Failure, match="is not a result file"):
        Results(path)
    with pytest.raises(Failure, match=r"--result names results\.txt: let it end with \.csv or \.json"):
        Results(tmp_path / "results.txt")


@pytest.mark.parametrize(
    ("provider", "url", "device", "board", "done"),
    [
        ("etherfax", "https://x", "serial=1", "", True),
        ("etherfax", "https://x", "serial=1", "AA", True),
        ("etherfax", "https://x", "", "AA", True),
        ("etherfax", "https://x", "", "", False),
        ("etherfax", "https://x", "serial=1", "BB", False),
        ("etherfax", "https://x", "serial=2", "", False),
        ("etherfax", "https://production", "serial=1", "", False),
        ("xyte", "https://x", "serial=1", "", False),
    ],
)
@pytest.mark.parametrize("name", ["results.csv", "results.json"])
def test_a_row_is_done_only_if_all_its_values_match(tmp_path, name, provider, url, device, board, done):
    """A file of the sandbox's said that production was done."""
    Results(tmp_path / name).add(RESULT)
    assert bool(Results(tmp_path / name).done(provider, url, device, board)) is done


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_result_file_that_a_spreadsheet_has_saved_still_counts(tmp_path, delimiter):
    """It was `not a result file of provision: move it away`, whereupon all rows were due again."""
    path = tmp_path / "results.csv"
    Results(path).add(dataclasses.replace(RESULT, seconds=1.5, more={"note": "\u00fc"}))
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows([it.replace("1.5", "1,5") for it in row] for row in rows)
    (found,) = Results(path).registered()
    assert (found.device, found.seconds, found.more) == (RESULT.device, 1.5, {"note": "\u00fc"})


def test_a_long_table_is_looked_up_and_not_searched(read_table, tmp_path, monkeypatch):
    """A start with 10 000 rows took six minutes: each row was compared with each result."""
    rows = 60
    table = read_table("serial\n" + "\n".join(f"S{number}" for number in range(rows)))
    settings = table.rows[0].settings
    results, looks = Results(tmp_path / "results.csv"), []
    where = {"provider": settings.provider, "url": settings.url}
    results.add(*(dataclasses.replace(RESULT, device=row.device, board="", **where) for row in table.rows))
    monkeypatch.setattr("enroll_tools.provision.results.clean", lambda text: looks.append(text) or str(text))
    assert not fleet.Fleet(table, results, None, (), 1, print, print).todo
    assert len(looks) <= 10 * rows


@pytest.mark.parametrize("evil", ["=1+1", "+1", "-1", "@x", "\t=1", "'=1", "a\u202eb\x1b[2J", "x" * 9999, "\udc80"])
def test_no_cell_of_the_result_is_a_formula(tmp_path, evil):
    found = dataclasses.replace(RESULT, text=evil, device_id=evil, more={"note": evil})
    for name in ("results.csv", "results.json"):
        Results(tmp_path / name).add(found)
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert not set(text) & set("\t\x1b\u202e") and len(text) < 4000
        assert len(Results(tmp_path / name).registered()) == 1
    cells = next(csv.DictReader(io.StringIO((tmp_path / "results.csv").read_text(encoding="utf-8"))))
    assert not any(cells[it].lstrip().startswith(("=", "+", "-", "@")) for it in ("text", "device_id", "note"))


def test_a_second_fleet_on_the_same_files_is_refused(desk):
    desk.write("etherfax")
    (desk.folder / "devices.csv").write_text("serial\n1\n")
    (desk.folder / "mine").mkdir()
    for words, held in (((), "results.csv"), (("--result", "mine/other.csv"), "devices.csv")):
        with locked(desk.folder / held):
            assert f"another provision uses {held}" in desk.failed(75, "fleet", "devices.csv", *words)
    assert sorted(path.name for path in desk.folder.iterdir() if path.is_file()) == [
        "ca.der",
        "devices.csv",
        "enroll.json",
    ]


def test_a_table_in_a_read_only_folder_can_be_used(tmp_path, monkeypatch):
    """`station` wanted a lock there, and said to name another --result."""
    monkeypatch.setattr("os.access", lambda *_: False)
    with locked(tmp_path / "devices.csv"), both_locked(tmp_path / "results.csv", tmp_path / "devices.csv"):
        assert (tmp_path / ".results.csv.lock").exists()
