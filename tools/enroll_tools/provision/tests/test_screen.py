"""What a person sees: real screens of 80 columns, looked at through a terminal emulator."""

import re
import signal

import pytest
from enroll_tools.provision import screen
from enroll_tools.provision.tests.terminal import Terminal

PORT = "/dev/serial/by-id/usb-Raspberry_Pi_Pico_E66164084355232B-if00"
MAC = "24:cd:0a:0b:cd:ef"


def test_a_table_cuts_nothing_and_fits(monkeypatch):
    rows = [((f"/dev/ttyACM{at}", "RP2040", MAC, "1.28.0"), "blank") for at in range(3)]
    rows.append(((PORT, "ESP32S3", MAC, "1.28.0"), "registered as MT302 at https://fax.example.com/" + "a" * 90))
    lines = screen.table(("PORT", "CHIP", "BOARD ID", "MICROPYTHON"), rows)
    assert [line for line in lines if len(line) > 80] == ["    https://fax.example.com/" + "a" * 90]
    assert len({line.index(MAC) for line in lines if line.startswith("/dev/tty")}) == 1, "a column is straight"
    assert sum(MAC in line for line in lines) == 4 and any(PORT in line for line in lines)
    monkeypatch.setattr(screen, "columns", lambda _stream: 30)
    narrow = screen.table(("PORT", "CHIP", "BOARD ID", "MICROPYTHON"), rows[:1])
    assert all(len(line) <= 30 for line in narrow) and any(MAC in line for line in narrow)


@pytest.mark.parametrize("text", ["[bold]MT1[/bold] :cd:", "\x1b[2J\x1b]0;x\x07MT1", "MT1\u202e", "a\x00b"])
def test_text_from_outside_is_never_interpreted(text, capsys):
    screen.say(text)
    with screen.Stages() as stages:
        stages.say(text)
    said = capsys.readouterr().err.splitlines()
    assert said[0] == said[1] and all(it.isprintable() for it in said)
    assert "[bold]" not in text or said[0] == text


@pytest.mark.long
def test_each_command_breaks_its_lines_between_words(registered, desk, sandbox):
    """`ca`, `upgrade`, `flash`, `logs`, `reset` and `status` let the terminal cut words at its edge."""
    board, _ = registered()
    port = PORT.rpartition("/")[2]
    (desk.folder / port).symlink_to(board.port)
    (desk.folder / "certificates-of-the-service").mkdir()
    (desk.folder / "new.bin").write_bytes(b"hello" * 9000)
    for status, *words in (
        (0, "status", "--files"),
        (0, "upgrade"),
        (0, "logs", "--restart", "--seconds", "1"),
        (1, "reset"),
        (78, "flash", "--firmware", "new.bin"),
        (2, "one", desk.folder / "none.json"),
        (77, "ca", "enroll.json", "--out", "certificates-of-the-service/ca.der", "--bundle", sandbox.ca_pem),
    ):
        with Terminal(desk.folder, *words, columns=60, PROVISION_PORT=port) as terminal:
            if words[0] in ("reset", "ca"):
                terminal.until("[y/N]:")
                terminal.type("n\n")
            assert terminal.end() == status, terminal.text


def test_scan_leaves_no_line_behind_and_ctrl_c_is_clean(plug, desk):
    board, asleep = plug(), plug()
    asleep.asleep = True
    words = ("scan", "--port", board.port, "--port", asleep.port, "--deadline", "2")
    with Terminal(desk.folder, *words) as terminal:
        assert "asking" in terminal.until("asking")
        assert terminal.end() == 75
        assert "asking" not in terminal.text and "BOARD ID" in terminal.lines[0]
        assert b"\a" not in terminal.raw
    with Terminal(desk.folder, *words) as terminal:
        terminal.until("asking")
        terminal.interrupt()
        assert terminal.end() == 1
        assert "interrupted: the boards are let go first" in terminal.text


def test_typing_does_not_move_the_lines(plug, desk):
    """A line of 79 columns stayed: the ^C broke it. An Enter left one more."""
    board = plug()
    board.asleep = True
    desk.write("etherfax")
    port = "p" * (79 - len("    0 s  asking       "))
    (desk.folder / port).symlink_to(board.port)
    with Terminal(desk.folder, "one", "enroll.json", PROVISION_PORT=port) as terminal:
        terminal.until(port)
        terminal.type("\n")
        terminal.until("1 s  asking")
        terminal.interrupt()
        assert terminal.end() == 1
        assert terminal.lines[0].startswith("provision: interrupted") and "asking" not in terminal.text


def test_a_fleet_has_a_line_for_each_board_and_a_big_result(plug, desk, sandbox):
    """A spinner stayed on the screen, and a MAC with `:cd:` became a picture."""
    board = plug(unique_id="24cd0a0bcdef")
    desk.write("etherfax")
    good, bad = desk.table(port=[board.port, "/dev/none:cd:"])
    with Terminal(desk.folder, "fleet", "devices.csv") as terminal:
        for stage in ("asking", "copying", "registering"):
            terminal.until(stage)
        assert terminal.end() == 2
        assert sum(line.startswith(f"PASS  serial={good}  " + board.port) for line in terminal.lines) == 1
        assert sum(line.startswith(f"FAIL  serial={bad}  /dev/none:cd:") for line in terminal.lines) == 1
        assert "######  ####  ###### ##" in terminal.text and terminal.lines[-1] == "1 of 2 boards are registered"
        assert "registering" not in terminal.text and len(terminal.text.split("boards are registered")) == 2
    with Terminal(desk.folder, "one", "enroll.json", PROVISION_PORT=board.port) as terminal:
        assert terminal.end() == 77 and "asking" not in terminal.text
        assert f"this board is {good}, registered" in terminal.text.replace("\n    ", " ")


def test_ctrl_c_restores_the_terminal_at_every_stage(plug, desk, sandbox):
    board = plug(stocked=True)
    sandbox.fault("etherfax", times=1, delay=20)
    desk.write("etherfax")
    for stage in ("asking", "copying", "registering"):
        with Terminal(desk.folder, "one", "enroll.json", PROVISION_PORT=board.port) as terminal:
            terminal.until(stage)
            terminal.interrupt()
            assert terminal.end() == 1
            sentence = "it may be registered" if stage == "registering" else "interrupted before a request was sent"
            assert "provision: interrupted" in terminal.text and sentence in terminal.text
    sandbox.fault("etherfax", times=1, delay=20)
    desk.table(port=[plug(stocked=True).port])
    with Terminal(desk.folder, "fleet", "devices.csv") as terminal:
        terminal.until("registering")
        terminal.interrupt()
        terminal.until("interrupted: ")
        terminal.interrupt()
        assert terminal.end() == 75 and "registering" not in terminal.text


@pytest.mark.parametrize(
    ("words", "stage", "status", "sentence"),
    [
        (("one", "enroll.json"), "asking", 1, "interrupted before a request was sent"),
        (("fleet", "devices.csv"), "registering", 75, "the boards that are under way are finished first"),
    ],
)
def test_a_program_that_is_told_to_end_restores_the_terminal(plug, desk, sandbox, words, stage, status, sentence):
    """SIGTERM, as of a service manager or `timeout`, left the cursor hidden, and a terminal that showed no typing."""
    board = plug(stocked=True)
    sandbox.fault("etherfax", times=1, delay=1)
    desk.write("etherfax")
    (serial, _) = desk.table(port=[board.port, "/dev/none"])
    with Terminal(desk.folder, *words, PROVISION_PORT=board.port) as terminal:
        terminal.until(stage)
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.end() == status, terminal.text
        assert sentence in terminal.text.replace("\n    ", " ")
        assert (f"PASS  serial={serial}" in terminal.text) == (stage == "registering")


def test_a_terminal_that_moves_no_cursor_gets_lines_that_stay(plug, desk, sandbox):
    """On TERM=dumb (a shell in Emacs, a serial console), `station` did not say that it waits for a board."""
    board = plug(stocked=True)
    desk.write("etherfax")
    (serial,) = desk.table(1)
    with Terminal(desk.folder, "station", "devices.csv", "--port", board.port, TERM="dumb") as terminal:
        terminal.until("plug in a board")
        terminal.until(f"{board.port}: serial={serial} begins")
        assert terminal.end() == 0
        assert f"PASS  {board.port}: registered" in terminal.text and b"\x1b" not in terminal.raw


def test_nobody_gets_colours_who_wants_none(plug, desk, sandbox):
    board = plug(stocked=True)
    desk.write("etherfax")
    desk.table(port=[board.port, "/dev/none"])
    for words in (("fleet", "devices.csv"), ("status", "--port", "/dev/none")):
        with Terminal(desk.folder, *words, NO_COLOR="1") as terminal:
            assert terminal.end() == 2
            assert not re.search(rb"\x1b\[[0-9;]+m", terminal.raw)
