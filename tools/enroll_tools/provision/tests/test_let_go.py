"""After Ctrl-C the board runs its program again, or the user is told that it is stopped."""

import pytest
from enroll_tools.provision.link import Link
from enroll_tools.provision.tests.helpers import BOOTS
from enroll_tools.provision.tests.test_flash import esp


@pytest.fixture
def interrupted(monkeypatch):
    """`interrupted(times)`: Ctrl-C comes as soon as a board has been stopped, `times` times."""

    def interrupted(times=1):
        left = [times]
        real = Link.enter

        def enter(link):
            real(link)
            if left[0]:
                left[0] -= 1
                raise KeyboardInterrupt

        monkeypatch.setattr(Link, "enter", enter)

    return interrupted


LOOKS = [
    ["status"],
    ["upgrade"],
    ["reset", "--yes"],
    ["flash", "--firmware", "new.bin"],
    ["logs", "--restart", "--seconds", "1"],
]


@pytest.mark.parametrize("words", LOOKS, ids=lambda words: words[0])
def test_a_board_goes_on_after_ctrl_c(plug, desk, monkeypatch, interrupted, words):
    """It stayed at its prompt, at a customer's too, and nobody said so."""
    monkeypatch.setattr("enroll_tools.provision.flash.tool", lambda *_: "esptool")
    (desk.folder / "new.bin").write_bytes(esp())
    board = plug()
    interrupted()
    done = desk.run(*words, board=board)
    assert done.status == 1 and done.err.splitlines()[-1].endswith("interrupted, the board goes on: run this again"), (
        done
    )
    assert "interrupted: the board is let go first; Ctrl-C again leaves it stopped" in done.err
    board.boots()


def test_a_board_that_would_register_at_boot_stays_stopped_and_the_user_is_told(plug, desk, interrupted):
    board = plug(stocked=True)
    interrupted()
    assert "stays stopped, since its boot would register it: run" in desk.run("status", board=board).err
    assert BOOTS not in board.heard


def test_a_second_ctrl_c_leaves_the_board_stopped(plug, desk, interrupted):
    board = plug()
    interrupted(times=2)
    done = desk.run("status", board=board)
    assert done.status == 1 and done.err.endswith("interrupted, the board may be stopped: run this again\n"), done


def test_a_board_that_one_refuses_boots_again(plug, desk):
    desk.write("etherfax")
    for claims in ({"platform": "samd"}, {"platform": "rp2", "version": [1, 27, 0]}):
        board = plug(claims=claims)
        desk.failed(78, "one", "enroll.json", board=board)
        board.boots()


def test_a_registered_board_goes_on_after_library_only(registered, desk):
    """It stayed stopped, and so did its application."""
    board, serial = registered()
    assert desk.run("one", "--library-only", "enroll.json", board=board).status == 0
    board.boots()
    desk.run("reset", "--yes", board=board)
    board.heard.clear()
    assert desk.run("one", "--library-only", "enroll.json", board=board).status == 0
    assert BOOTS not in board.heard, f"its boot would register {serial}"
