"""Every failure is one sentence with the right exit status, and the next run continues from there."""

import fcntl
import json
import os
import signal
import subprocess
import sys

import pytest
from devices import ROOT
from enroll_tools.provision.errors import Failure
from enroll_tools.provision.link import Link, connect
from enroll_tools.provision.template import Template
from enroll_tools.provision.tests.helpers import until


@pytest.mark.parametrize("command", [["one", "enroll.json"], ["status"], ["reset", "--yes"], ["logs"]])
def test_a_port_that_is_not_there(desk, command):
    desk.write("etherfax")
    assert "is not there" in desk.failed(2, *command, "--port", "/dev/ttyNONE")


def test_a_path_that_is_not_a_serial_port(desk):
    desk.write("etherfax")
    assert "is not a serial port" in desk.failed(2, "status", "--port", "enroll.json")


def test_no_board_at_all(desk):
    if not os.path.exists("/dev/ttyACM0"):
        assert "no board found" in desk.failed(75, "status")


def test_several_boards_and_none_named(desk, monkeypatch):
    monkeypatch.setattr("enroll_tools.provision.ports.attached", lambda: ["/dev/ttyACM0", "/dev/ttyACM1"])
    assert "2 boards are attached: name one with --port" in desk.failed(2, "status")
    monkeypatch.setattr("enroll_tools.provision.ports.attached", lambda: ["/dev/ttyNONE"])
    assert "/dev/ttyNONE is not there" in desk.failed(2, "status")


def test_a_port_that_another_program_has(plug, desk):
    board = plug()
    with open(board.port, "rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert "is busy" in desk.failed(75, "status", board=board)


def test_a_released_port_is_free_at_once(plug):
    """A program that this one was just starting, such as a board's or a hook's, had a copy of the port for a moment."""
    board = plug()
    with connect(board.port) as link:
        copy = os.dup(link.serial.fileno())
    try:
        with connect(board.port) as link:
            assert link.facts().platform == "linux"
    finally:
        os.close(copy)


def test_a_board_that_sleeps(plug, desk, impatient):
    board = plug()
    board.asleep = True
    assert "does not answer, it sleeps, or its program ignores Ctrl-C: reset it" in desk.failed(
        75, "status", board=board
    )


def test_full_flash_and_then_room(plug, desk):
    desk.write("etherfax")
    board = plug()
    board.fill(leave=16)
    assert "is full" in desk.failed(74, "one", "enroll.json", board=board)
    board.mpremote("exec", "import os; os.remove('ballast')")
    done = json.loads(desk.run("one", "--json", "enroll.json", board=board).out)
    assert done["status"] == 0 and done["kept"] > 5


def test_flash_that_does_not_hold_what_is_written(plug, desk, monkeypatch):
    desk.write("etherfax")
    write = Link.write
    worn = "/port.py"
    monkeypatch.setattr(Link, "write", lambda link, path, data: write(link, path, data[path == worn :]))
    assert f"does not hold what was written to {worn}" in desk.failed(74, "one", "enroll.json", board=plug())


@pytest.mark.parametrize("patience", [3000, 70000])
def test_unplugged_while_copying_and_plugged_in_again(plug, desk, patience):
    desk.write("etherfax")
    board = plug()
    board.patience = patience
    assert "plug it in, then run this again" in desk.failed(75, "one", "enroll.json", board=board)
    board.replug()
    assert "main.py" not in board.mpremote("fs", "ls", ":/").stdout
    done = json.loads(desk.run("one", "--json", "enroll.json", board=board).out)
    assert done["status"] == 0 and (done["kept"] > 9) is (patience == 70000)


def test_ctrl_c_while_copying(plug, desk):
    desk.write("etherfax")
    board = plug()
    with desk.start("one", "enroll.json", board=board) as process:
        until(lambda: len(board.heard) > 20000)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    what = "interrupted before a request was sent, the board may be stopped"
    sentence = f"provision: {what}: run this again to continue\n"
    assert (process.returncode, out) == (1, "") and err.endswith(sentence)
    done = json.loads(desk.run("one", "--json", "enroll.json", board=board).out)
    assert done["status"] == 0 and done["kept"]


def test_ctrl_c_while_the_board_registers(plug, desk, sandbox):
    """It said `Aborted!`, and the board was registered."""
    desk.write("etherfax")
    sandbox.fault("etherfax", delay=3, times=1)
    board = plug(stocked=True)
    with desk.start("one", "--json", "enroll.json", board=board) as process:
        board.says("/devices")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    sentence = "it may be registered: see 'enroll-provision status', then run this again"
    assert (process.returncode, json.loads(out)["state"]) == (1, "interrupted")
    assert sentence in json.loads(out)["text"] and err.endswith(sentence + "\n")


def test_what_is_half_updated_does_not_boot(registered, desk):
    board, _ = registered()
    board.patience = 20000
    desk.failed(75, "one", "--source", "enroll.json", board=board)
    board.replug()
    assert "main.py" not in board.mpremote("fs", "ls", ":/").stdout


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"claims": {"version": [1, 24, 1]}}, "runs MicroPython 1.24.1: flash MicroPython 1.25 or later"),
        ({"lacks": "binascii"}, "does not run MicroPython as we know it: flash MicroPython 1.25 or later"),
        ({"lacks": "tls"}, "has no tls: flash MicroPython 1.25 or later with it"),
        (
            {"claims": {"version": [1, 27, 0], "platform": "rp2"}},
            "1.27.0, which can lose an answer on rp2: flash",
        ),
        ({"claims": {"version": [1, 24, 0], "platform": "rp2"}}, "runs MicroPython 1.24.0: flash MicroPython 1.25"),
        ({"claims": {"platform": "samd"}}, "samd boards have no port.py yet: use one of esp32, rp2"),
        ({"claims": {"platform": "esp32/../unix"}}, "esp32/../unix boards have no port.py yet: use one of"),
        (
            {"claims": {"platform": "rp2"}},
            "standard is not a board of the family rp2: use --board with RPI_PICO2_W, RPI_PICO_W, W5500",
        ),
    ],
)
def test_a_board_that_enroll_cannot_run_on(plug, desk, more, sentence):
    desk.write("etherfax")
    board = plug(**more)
    assert sentence in desk.failed(78, "one", "enroll.json", board=board)
    assert "lib" not in board.mpremote("fs", "ls", ":/").stdout


def test_a_board_whose_firmware_is_old_all_the_same(plug, desk):
    desk.write("etherfax")
    board = plug(claims={"platform": "rp2", "version": [1, 27, 0]})
    sentence = desk.failed(78, "one", "--board", "RPI_PICO_W", "enroll.json", board=board)
    assert "flash MicroPython 1.28 or later, or accept that with --old-firmware" in sentence
    desk.run("one", "--board", "RPI_PICO_W", "--old-firmware", "enroll.json", board=board)  # it cannot boot as one
    found = desk.run("status", board=board)
    assert "MicroPython 1.27.0, standard" in found.out and ": too old, flash MicroPython 1.28 or later" in found.out


def test_a_board_that_is_named(plug, desk):
    desk.write("etherfax")
    board = plug(claims={"platform": "rp2"})
    desk.run("one", "--board", "RPI_PICO_W", "enroll.json", board=board)  # it cannot boot as one
    assert "INTERFACE" in board.mpremote("fs", "cat", ":board.py").stdout
    assert "machine" in board.mpremote("fs", "cat", ":port.py").stdout


def test_a_board_of_another_family(plug, desk):
    """A Pico with the files of an ESP32 would fail at every boot, at a customer's."""
    desk.write("etherfax")
    board = plug(claims={"platform": "rp2"})
    sentence = desk.failed(78, "one", "--board", "ESP32_GENERIC", "enroll.json", board=board)
    assert "ESP32_GENERIC is not a board of the family rp2: use --board with RPI_PICO2_W, " in sentence
    other = plug()
    sentence = desk.failed(78, "one", "--board", "RPI_PICO_W", "enroll.json", board=other)
    assert "RPI_PICO_W is not a board of the family unix: leave --board out" in sentence


def test_nothing_is_installed(plug, desk):
    """Whatever runs there goes on: these commands left it stopped."""
    board = plug()
    for words, sentence in {
        ("status",): "was not installed by provision",
        ("reset", "--yes"): "enroll is not installed",
    }.items():
        board.heard.clear()
        assert sentence in desk.failed(78, *words, board=board)
        board.boots()


def test_firmware_that_fails(registered, desk):
    board, _ = registered()
    board.write("/lib/enroll/__init__.py", "1/0")
    assert "failed, ZeroDivisionError: divide by zero: run 'enroll-provision one'" in desk.failed(
        76, "status", board=board
    )


MISTAKES = {
    '{"provider": "etherfax",\n "url" "https://x"}': "broken JSON, see line 2",
    '{"provider": "etherfax", "provider": "xyte"}': "`provider` is there twice",
    "[]": "`provider` must be",
    '{"provider": "etherfax"}': "`url` is missing",
    '{"provider": "etherfax", "url": "https://x"}': "`ca` is missing",
    '{"provider": "etherfax", "url": "https://x", "ca": "no.der"}': "`ca` names no.der, which is not there",
    '{"provider": "etherfax", "url": "http://x", "more": 1}': "`more` is unknown",
    '{"provider": "xyte", "url": "http://x", "xyte": {"sn": "1"}}': "`xyte.firmware_version` is missing",
    '{"provider": "etherfax", "url": {"$env": "NOT_SET"}}': (
        "`url`: the environment variable NOT_SET is empty or not set: set it"
    ),
    '{"provider": "etherfax", "url": {"$file": "gone"}}': (
        "`url`: the file gone cannot be read: check its name and permissions, and save it in UTF-8"
    ),
    '{"provider": "etherfax", "url": {"$file": "empty"}}': "`url`: the file empty is empty: write the value into it",
    '{"provider": "etherfax", "url": {"$vault": "x"}}': (
        '`url` wants {"$env": "NAME"}, {"$file": "path"} or {"$prompt": "text"}, and no other key in it'
    ),
    '{"provider": "etherfax", "network": [{"ssid": "x", "password": {"$env": 1}}]}': (
        '`network.password` wants {"$env": "NAME"}, '
    ),
    '{"provider": "xyte", "url": "http://x", "xyte": {"mac": ""}}': "`xyte.firmware_version` is missing",
    '{"timeout": ' + 5000 * "9" + "}": "a number has too many digits: correct it",
    '{"rest": ' + 70 * "[" + 70 * "]" + "}": "more than 64 objects and lists in each other: correct it",
    '{"rest": ' + 70000 * '{"a":' + "1" + 70001 * "}": "more than 64 objects and lists in each other: correct it",
}


@pytest.mark.parametrize("text", MISTAKES, ids=range(len(MISTAKES)))
def test_mistakes_are_found_before_the_board_is_touched(text, tmp_path):
    path = tmp_path / "enroll.json"
    path.write_text(text)
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(Failure) as caught:
        Template(path).settings()
    assert MISTAKES[text] in caught.value.message
    assert caught.value.exit_code == 78


def test_rare_settings_are_read_for_board_after_board(tmp_path):
    """The library loads modules for them and forgets these on a device, but not here: there is no `micropython`."""
    network = {"ssid": "x", "password": "12345678", "ip": "10.0.0.9/8", "gateway": "10.0.0.1", "dns": "10.0.0.1"}
    settings = {"provider": "etherfax", "url": "http://x", "ntp": ["x"], "store": "x", "earliest": "2026-01-01"}
    settings |= {"etherfax": {"serial": "x"}, "network": [network]}
    script = f"import enroll_tools.provision.library as it\nfor _ in range(2): it.enroll_config().Config({settings!r})"
    subprocess.run([sys.executable, "-c", script], cwd=ROOT / "tools", check=True)


def test_a_mistake_leaves_the_port_alone(desk):
    desk.write("etherfax", ca="gone.der")
    assert "gone.der" in desk.failed(78, "one", "--port", "/dev/ttyNONE", "enroll.json")


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["one", "gone.json"], 2, "does not exist"),
        (["one", "enroll.json", "--port", "/dev/ttyNONE"], 2, "is not there"),
        (["one", "--nonsense", "enroll.json"], 2, "No such option"),
        (["fleet", "devices.csv"], 78, "devices.csv is empty"),
        (["status", "--port", "/dev/ttyNONE"], 2, "is not there"),
        (["reset", "--port", "/dev/ttyNONE"], 2, "is not there"),
        (["nonsense"], 2, "No such command"),
    ],
)
def test_failures_are_json_as_well(desk, words, status, sentence):
    desk.write("etherfax")
    (desk.folder / "devices.csv").write_text("")
    done = desk.run(*words, "--json")
    found = json.loads(done.out)
    assert (found["state"], found["status"], done.status) == ("failed", status, status)
    assert sentence in found["text"] and sentence in done.err
