"""A board may say anything: the row fails with one sentence, in time, and nothing that it says is acted on."""

import json
import os
import select
import threading
import time

import pytest
from enroll_tools.provision.tests.hostile import Hostile

ESCAPE = "\x1b[2J\x1b]0;owned\x07\x9b1m\u202e\x00"
LONE = "\ud800"
HUGE = "x" * 200_000
DEEP = b"[" * 60_000


@pytest.fixture
def quick(monkeypatch):
    """A board that does not answer in two seconds never will."""
    monkeypatch.setattr("enroll_tools.provision.link.CALL", 2.0)
    monkeypatch.setattr("enroll_tools.provision.link.ENTER", 1.0)
    monkeypatch.setattr("enroll_tools.provision.link.RESET", 1.0)
    monkeypatch.setattr("enroll_tools.provision.raw.PROMPT", 0.5)
    monkeypatch.setattr("enroll_tools.provision.raw.STALL", 0.5)
    monkeypatch.setattr("enroll_tools.provision.raw.WRITE", 0.5)


@pytest.fixture
def plug_hostile(quick):
    """`plug_hostile(answers, files)`: a Hostile, unplugged at the end."""
    boards = []

    def plug_hostile(answers=None, files=()):
        boards.append(Hostile("etherfax", answers))
        boards[-1].files.update(files)
        return boards[-1]

    yield plug_hostile
    for board in boards:
        board.unplug()


@pytest.fixture(scope="module")
def there():
    """What is on a board that was installed once, so that not every test has to wait for that."""
    return {}


@pytest.fixture
def lied_to(desk, plug_hostile, there):
    """`lied_to(answers)`: how `enroll-provision one` ends with a board that answers so."""

    def lied_to(answers):
        desk.write("etherfax")
        if not there:
            honest = plug_hostile()
            assert desk.run("one", "enroll.json", board=honest).status == 0
            there.update(honest.files)
        start = time.monotonic()
        done = desk.run("one", "enroll.json", "--deadline", "3", board=plug_hostile(answers, there))
        assert time.monotonic() - start < 20
        harmless(done.out + done.err)
        return done

    return lied_to


def harmless(text, longest=700):
    assert all(it.isprintable() or it == "\n" for it in text), ascii(text)
    assert all(len(line) <= longest for line in text.splitlines())


def says(value):
    """A lie: this instead of the truth."""
    return lambda _board, _truth: value


def facts(**other):
    """A lie about the board itself."""
    true = {"version": [1, 28, 0], "platform": "linux", "build": "standard", "mpy": 6, "tls": True}
    return says(list((true | other).values()))


def framed(text):
    """A lie: this text in frames that are right."""
    return lambda board, _truth: board.pieces(text)


def stale(board, answer):
    """What an earlier question was answered, after noise has held it back."""
    board.mark = b"00000000"
    return board.pieces(json.dumps(answer).encode())


def failed(text):
    """A lie: the program has failed with this traceback."""
    return framed(json.dumps([None, f"Traceback (most recent call last):\n  File x\n{text}"]).encode())


def printed(text):
    """A lie: the program did not even start, and the REPL says why."""
    return says(b"\x04Traceback (most recent call last):\r\n" + text)


LIES = {
    # what the board itself is
    "no list": ("FACTS", says({"version": 1}), 76),
    "null": ("FACTS", says(None), 76),
    "a short list": ("FACTS", says([[1, 28]]), 76),
    "a long version": ("FACTS", facts(version=[1] * 1000), 76),
    "a version of texts": ("FACTS", facts(version=["1", "28", "0"]), 76),
    "a huge number": ("FACTS", facts(version=[1, 28, 10**4000]), 76),
    "a truth as a number": ("FACTS", facts(tls=1), 76),
    "infinity": ("FACTS", framed(b"[[[1, 28, Infinity], 1e999, NaN], null]"), 76),
    "a platform that repaints": ("FACTS", facts(platform=ESCAPE), 78),
    "a platform that is a folder": ("FACTS", facts(platform="../../../../etc"), 78),
    "a build that is a folder": ("FACTS", facts(build="../../../../etc-x"), 0),
    "a build that is a folder with a board.py": ("FACTS", facts(build="../tools/enroll_tools/provision/tests"), 0),
    "a huge platform": ("FACTS", facts(platform=HUGE), 76),
    "a lone surrogate": ("FACTS", facts(build=LONE), 76),
    "too deep": ("FACTS", framed(DEEP), 76),
    "no JSON": ("FACTS", framed(b"{"), 76),
    "no UTF-8": ("FACTS", framed(b'[["\xff\xfe"], null]'), 76),
    "two values": ("FACTS", framed(b"[1, null] [2, null]"), 76),
    # frames
    "a size of megabytes": ("FACTS", lambda board, _: board.piece(0, 999_999, b"x"), 76),
    "pieces that overlap": ("FACTS", lambda board, _: board.piece(0, 300, b"x" * 96) * 9, 75),
    "pieces too short": ("FACTS", lambda board, _: board.piece(0, 50, b"x"), 76),
    "two sizes": ("FACTS", lambda board, _: board.piece(0, 200, b"x" * 96) + board.piece(96, 100, b"x"), 75),
    "another mark": ("FACTS", lambda board, true: stale(board, [true, None]), 75),
    "nothing": ("FACTS", says(b""), 75),
    # without end
    "talk without end": ("FACTS", lambda board, _: board.forever(b"I (1) wifi: x\r\n" * 99), 75),
    "one line without end": ("FACTS", lambda board, _: board.forever(b"x" * 4000), 75),
    "pieces without end": ("FACTS", lambda board, _: board.forever(board.piece(0, 96, b"x" * 96)), 75),
    "bytes now and then": ("FACTS", lambda board, _: board.forever(b"x", 0.1), 75),
    "silence": ("FACTS", lambda board, _: board.forever(b"", 0.1), 75),
    "tracebacks without end": ("FACTS", lambda board, _: board.forever(b"\x04" + b"Traceback x\r\n" * 99), 78),
    "restarts": ("FACTS", says(b'\r\nMicroPython\r\nType "help()" for more information.\r\n>>> '), 75),
    # errors
    "an error that repaints": ("HASHES", failed(f"OSError: {ESCAPE}"), 76),
    "an error without number": ("HASHES", failed("OSError: " + "9" * 5000), 76),
    "a REPL that repaints": ("HASHES", printed(b"ValueError: \x1b[2J\xff\xfe"), 76),
    "a large traceback": ("HASHES", printed(b"x" * 100_000 + b"\r\nMemoryError: \x1b[2J"), 75),
    # files
    "a path that is none": ("HASHES", says([["relative", "0" * 64]]), 76),
    "a path that repaints": ("HASHES", says([[f"/lib/enroll/{ESCAPE}", "0" * 64]]), 74),
    "a hash that is none": ("HASHES", says([["/main.py", "z" * 64]]), 76),
    "thousands of files": ("HASHES", says([["/x", "0" * 64]] * 3000), 76),
    "files that stay wrong": ("HASHES", says([]), 74),
    "a list that repaints": ("MANIFEST", says(json.dumps({"version": ESCAPE, "files": {}})), 0),
    "a huge list": ("MANIFEST", says(HUGE), 76),
    "a list too deep": ("MANIFEST", says("[" * 30_000), 0),
    "another end of a file": ("WRITE", says(-5), 75),
    # what is registered
    "a number of no chip": ("REGISTRATION", says([ESCAPE, []]), 76),
    "a record of numbers": ("REGISTRATION", says(["00", [[4, 4, 4, 4]]]), 76),
    "a record that repaints": ("REGISTRATION", says(["00", [[4, f"u{ESCAPE}\np{ESCAPE}\nx", ESCAPE, 1]]]), 77),
    "a record of another time": ("REGISTRATION", says(["00", [[4, "u\np\nx", "y", -(10**18)]]]), 77),
    "no library, ever": ("REGISTRATION", says("no library"), 76),
    # how it went
    "a status that becomes 0": ("BOOT", says([256, "registered", "etherfax", "9", 0]), 76),
    "a status that is a truth": ("BOOT", says([False, "registered", "etherfax", "9", 0]), 76),
    "a negative status": ("BOOT", says([-1, "refused: x", "", "", 0]), 76),
    "success with an error": ("BOOT", says([0, "refused: x", "", "", 0]), 76),
    "an error of another kind": ("BOOT", says([77, "network: x", "", "", 0]), 76),
    "an unknown kind": ("BOOT", says([75, "funny: x", "", "", 0]), 76),
    "another provider": ("BOOT", says([0, "registered", "xyte", "9", 0]), 76),
    "no id": ("BOOT", says([0, "registered", "etherfax", "", 0]), 76),
    "an id that repaints": ("BOOT", says([0, "registered", "etherfax", ESCAPE, 0]), 76),
    "an id in Cyrillic": ("BOOT", says([0, "registered", "etherfax", "\u0410\u0421", 0]), 76),
    "a huge id": ("BOOT", says([0, "registered", "etherfax", HUGE, 0]), 76),
    "a sentence that repaints": ("BOOT", says([77, f"refused: {ESCAPE}", "", "", 0]), 77),
    "a time to wait that is none": ("BOOT", says([75, "server: x", "", "", "soon"]), 76),
    "a time to wait without end": ("BOOT", says([75, "server: x", "", "", 1 << 62]), 75),
    "an id that is not on its flash": ("BOOT", says([0, "registered", "etherfax", "10", 0]), 74),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie(lied_to, lie):
    program, answer, status = LIES[lie]
    done = lied_to({program: answer})
    assert done.status == status, done
    assert done.out.startswith("registered etherfax 9") is (status == 0)


def test_endless_output_is_stopped_by_its_size(plug_hostile, desk, monkeypatch):
    """And not only by the time that a program of ours may take, which is a minute."""
    monkeypatch.setattr("enroll_tools.provision.link.CALL", 60.0)
    board = plug_hostile({"FACTS": lambda board, _: board.forever(b"I (1) wifi: x\r\n" * 999)})
    assert "prints without end: reset it, then run this again" in desk.failed(75, "status", board=board)


def test_a_board_that_takes_nothing(plug_hostile, desk):
    desk.write("etherfax")
    board = plug_hostile()
    board.deaf = True
    start = time.monotonic()
    assert "does not answer" in desk.failed(75, "one", "enroll.json", board=board)
    assert time.monotonic() - start < 10


def test_a_board_that_never_accepts_a_program(plug_hostile, desk, monkeypatch):
    monkeypatch.setattr("enroll_tools.provision.tests.hostile.READY", b"R\x01\x00\x00\x01")
    assert "does not answer" in desk.failed(75, "status", board=plug_hostile())


def test_files_that_are_not_ours_and_change_in_number(lied_to, there):
    lied_to({})
    foreign = dict(there) | {"/main.py": b"print('mine')", "/provision.json": b"{}"}
    there.update(foreign)
    try:
        assert lied_to({"SIZES": says([])}).status == 76
        there.update(foreign)
        assert lied_to({"KEEP": says([ESCAPE, "/x"])}).status == 76
    finally:
        there.clear()


def test_status_shows_what_is_printable(plug_hostile, desk, there, lied_to):
    lied_to({})
    for answers in (
        {"REGISTERED": says([ESCAPE, ESCAPE])},
        {"REGISTERED": says(["configuration", ESCAPE * 50])},
        {"REGISTERED": says(["", ["etherfax", f"https://{ESCAPE}", "9"]])},
        {"REGISTERED": says(["", "etherfax"])},
        {"MANIFEST": says(json.dumps({"version": "1", "board": "", "files": {f"/{ESCAPE}": "0" * 64}}))},
        {"MANIFEST": says(json.dumps({"version": "1", "board": "", "files": {"/x": 1}}))},
        {"HASHES": says([[f"/lib/enroll/{ESCAPE}", "0" * 64]])},
        {"FACTS": facts(build=ESCAPE)},
    ):
        for words in (["status", "--files"], ["status", "--json"]):
            done = desk.run(*words, board=plug_hostile(answers, there))
            harmless(done.out + done.err, 20_000)
            assert done.status in (0, 75, 76, 78), (answers, done)
            if "--json" in words and done.out:
                harmless(json.dumps(json.loads(done.out), ensure_ascii=False), 20_000)


def test_reset_shows_what_is_printable(plug_hostile, desk, there):
    for answer in (["storage", ESCAPE], ["", 1], [ESCAPE, ""], None):
        done = desk.run("reset", "--yes", board=plug_hostile({"FORGET": says(answer)}, there))
        harmless(done.out + done.err)
        assert done.status in (74, 76), done


def test_logs_show_what_is_printable(plug_hostile, desk):
    board = plug_hostile()
    said = f"{ESCAPE}\r\nplain\r\n\xff\xfe".encode("latin-1", "replace") + b"y" * 3000
    threading.Timer(0.3, board.say, [said]).start()  # what was said before a port is opened is thrown away
    done = desk.run("logs", "--seconds", "0.8", board=board)
    harmless(done.out, 300)
    assert "plain\n" in done.out and "yyy" in done.out


def test_output_of_a_board_is_never_read_as_markup(plug_hostile, desk, there, lied_to):
    """A line that began with `copying ` went to the spinner, where [/x] ended the program and :cd: became a disc."""
    lied_to({})
    lines = b"copying [/x] [blink]y :cd:\r\nenroll: [/x] :cd:\r\n"
    answer = json.dumps([[77, "refused: [/x] :cd:", "", "", 0], None]).encode()
    board = plug_hostile({"BOOT": lambda board, _: (board.say(lines), time.sleep(0.3), board.pieces(answer))[2]}, there)
    terminal, end = os.openpty()
    with open(end, "wb") as screen, desk.start("one", "enroll.json", board=board, stderr=screen) as process:
        said, seen = process.communicate(timeout=20)[0], b""
        while select.select([terminal], [], [], 0.1)[0]:
            seen += os.read(terminal, 65536)
    os.close(terminal)
    assert (process.returncode, said) == (77, "refused: [/x] :cd:\n"), seen
    assert b"copying      [/x] [blink]y :cd:" in seen and b"enroll: [/x] :cd:" in seen


def test_a_fleet_goes_on(plug, plug_hostile, desk):
    desk.write("etherfax")
    liars = [
        plug_hostile({"BOOT": says([0, "registered", "etherfax", HUGE, 0])}),
        plug_hostile({"FACTS": lambda board, _: board.pieces(DEEP)}),
    ]
    desk.table(port=[liars[0].port, plug(stocked=True).port, liars[1].port])
    done = desk.run("fleet", "devices.csv", "--json")
    assert [row["state"] for row in json.loads(done.out)] == ["open", "registered", "failed"]
    harmless((desk.folder / "results.csv").read_text())
