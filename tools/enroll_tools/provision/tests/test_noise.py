"""Foreign lines anywhere in a board's output only cost time."""

import dataclasses
import itertools
import json
import random
import re
import time

import pytest
from enroll_tools.provision import boot, work
from enroll_tools.provision.errors import Failure
from enroll_tools.provision.link import connect
from enroll_tools.provision.snippets import Program
from enroll_tools.provision.template import Template
from enroll_tools.provision.tests.board import Noise

TALK = Program("def main(size):\n return ''.join(chr(32 + at % 90) for at in range(size))", object)


@pytest.mark.parametrize(("where", "often"), [("before", 1.0), ("after", 1.0), ("inside", 0.4)])
def test_answers_get_through_whole(plug, where, often):
    board = plug()
    with connect(board.port) as link:
        board.noise = Noise(where, often)
        assert link.facts().platform == "linux"
        for size in (0, 85, 5000):
            assert link.call(TALK, size) == "".join(chr(32 + at % 90) for at in range(size))
        data = bytes(range(256)) * 10
        link.write("/deep/down/file", data)
        link.write("/empty", b"")
        assert [len(mark) for mark in link.hashes("/deep", ["/empty", "/none"]).values()] == [64, 64]
    assert board.noise.hits > 10


def test_a_byte_that_the_line_changes_is_noticed(plug):
    """The piece is still well formed: only the checksum differs."""
    board, chance = plug(), random.Random(1)

    def noise(data):
        spoil = chance.random() < 0.3
        return re.sub(rb"(~\w{8}:\d+:\d+:\w)\w", lambda it: it[1] + b"x", data) if spoil else data

    with connect(board.port) as link:
        board.noise = noise
        assert link.call(TALK, 5000) == "".join(chr(32 + at % 90) for at in range(5000))
        assert [link.call(TALK, 9) for _ in range(9)] == ["".join(chr(32 + at) for at in range(9))] * 9


def test_a_board_is_entered_through_noise(plug, monkeypatch):
    monkeypatch.setattr("enroll_tools.provision.raw.ROUND", 0.3)
    board = plug()
    board.noise = Noise("inside", 0.5)
    with connect(board.port) as link:
        assert link.facts().tls


def test_a_prompt_that_noise_has_hidden_is_asked_for_again(plug, monkeypatch):
    monkeypatch.setattr("enroll_tools.provision.raw.ROUND", 0.2)
    board, count = plug(), itertools.count()
    start = time.monotonic()
    board.noise = lambda data: (
        data.replace(b"raw REPL", b"raw I (7)") if b"EPL" in data and next(count) % 2 == 0 else data
    )
    with connect(board.port) as link:
        assert link.facts().tls
    assert next(count) >= 4 and time.monotonic() - start < 10


def test_a_board_registers_through_noise(plug, desk):
    serial = desk.write("etherfax")["serial"]
    board = plug()
    board.noise = Noise("inside", 0.2)
    done = desk.run("one", "enroll.json", board=board)
    assert (done.status, done.out) == (0, f"registered etherfax {serial}\n"), done
    assert board.noise.hits > 5 and "~" not in done.err
    found = json.loads(desk.run("status", "--json", board=board).out)
    assert (found["registered"], found["changed"]) == (serial, [])


@pytest.fixture
def outcome(plug, desk, monkeypatch):
    """`outcome(text)`: what is made of an attempt whose program on the board is `text`."""

    def outcome(text):
        desk.write("etherfax")
        settings = Template(desk.folder / "enroll.json").settings()
        monkeypatch.setattr(work, "BOOT", dataclasses.replace(boot.BOOT, code=text))
        with connect(plug().port) as link:
            return work.attempt(link, settings, lambda _line: None, 10)

    return outcome


def test_a_line_that_looks_like_an_outcome_is_ignored(outcome):
    lines = [
        "enroll: registered etherfax 9",
        "provision: 0",
        '["registered", "etherfax", "9"]',
        "~00000000:0:4:AAAA:0~",
    ]
    found = outcome(f"def main():\n for it in {lines!r}: print(it)\n return [77, 'refused: no', '', '', 0]")
    assert (found.state, found.text, found.status, found.device_id) == ("refused", "refused: no", 77, "")


def test_a_driver_may_print_last(outcome):
    line = "print('wiznet5k_recv_ethernet: fatal error len=1 ret=-7')"
    found = outcome(f"def main():\n try:\n  return [0, 'ok', 'etherfax', '9', 0]\n finally:\n  {line}")
    assert (found.state, found.device_id) == ("registered", "9")


def test_an_exception_from_deep_inside_is_named(plug):
    """Its traceback is longer than a text that the board may answer."""
    deep = "\n".join(f"def {'f' * 60}{at}(): {'f' * 60}{at - 1}()" for at in range(1, 9))
    code = f"def {'f' * 60}0(): raise OSError(5)\n{deep}\ndef main(): {'f' * 60}8()"
    with pytest.raises(Failure) as caught, connect(plug().port) as link:
        link.call(Program(code))
    assert (
        caught.value.message.endswith(
            "failed, OSError: [Errno 5] EIO: its flash may be worn or locked, replace the board"
        )
        and caught.value.exit_code == 74
    )


def test_a_line_where_nothing_gets_through_is_named(plug, monkeypatch):
    monkeypatch.setattr("enroll_tools.provision.link.CALL", 2.0)
    board = plug()
    with pytest.raises(Failure) as caught, connect(board.port) as link:
        board.noise = lambda data: data.replace(b":", b".")
        link.facts()
    assert "too much noise on the line" in caught.value.message and caught.value.exit_code == 75


def test_a_program_that_prints_while_it_is_stopped(plug):
    board = plug()
    board.runs(
        "import time\n"
        "try:\n"
        "    while True: print('>' * 300, 'raw REPL')\n"
        "finally:\n"
        "    for at in range(40): print('stopping', at, '>' * 100); time.sleep(0.01)\n"
    )
    with connect(board.port) as link:
        assert link.facts().platform == "linux"
