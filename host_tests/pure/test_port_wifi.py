"""Both ports join Wi-Fi, or say in words why not."""

from enroll.config import Secret
from fakes_board import on_board
from fakes_network import Net
from helpers import raises

ESP32, PICO = "ESP32_GENERIC", "RPI_PICO_W"
BOTH = (ESP32, PICO)
SECRET = "password-canary"
HOME = {"ssid": "home", "password": Secret(SECRET)}
WORK = {"ssid": "work", "password": Secret(SECRET)}
OPEN = {"ssid": "open", "password": None}


def refused(board, *networks):
    """What `connect` says when it fails, and the seconds it took."""
    start = board.clock.now
    error = raises("network", board.connect, *networks)
    return str(error), (board.clock.now - start) / 1000


def test_a_network_is_joined_with_its_password():
    for name in BOTH:
        with on_board(name, {"home": Net(SECRET)}) as board:
            assert 2 <= board.connect(HOME) <= 4
            assert board.it.isconnected()
            assert ("connect", "home", SECRET) in board.it.calls


def test_an_open_network_is_joined_without_one():
    for name in BOTH:
        with on_board(name, {"open": Net()}) as board:
            board.connect(OPEN)
            assert board.it.isconnected() and ("connect", "open", None) in board.it.calls


def test_a_link_that_is_up_costs_no_time_and_is_left_alone():
    for name in BOTH:
        with on_board(name, {"home": Net(SECRET)}) as board:
            board.connect(HOME)
            before = [call for call in board.it.calls if call[0] != "config"]
            assert board.connect(HOME) == 0
            assert board.connect() == 0, "whoever joined it"
            assert [call for call in board.it.calls if call[0] != "config"] == before


def test_a_link_that_was_lost_is_joined_again():
    for name in BOTH:
        net = Net(SECRET)
        with on_board(name, {"home": net}) as board:
            board.connect(HOME)
            board.it.drop()
            net.address = 500
            assert not board.it.isconnected()
            assert 2 <= board.connect(HOME) <= 4
            assert board.it.isconnected()


def test_the_reason_in_words():
    cases = [
        (ESP32, 202, "wrong password", True),
        (ESP32, 203, "turned away by the access point", False),
        (ESP32, 200, "the access point went silent", False),
        (ESP32, 204, "no handshake, usually a wrong password", False),
        (ESP32, 15, "no handshake, usually a wrong password", False),
        (ESP32, 210, "not the right security", True),
        (ESP32, 211, "not the right security", True),
        (ESP32, 212, "too weak a signal", True),
        (ESP32, 2, "failed with status 2", False),
        (PICO, -1, "turned away by the access point, perhaps not the right security", False),
        (PICO, -2, "no such network", True),
        (PICO, -3, "wrong password", True),
        (PICO, -9, "failed with status -9", False),
    ]
    for name, status, words, at_once in cases:
        with on_board(name, {"home": Net(SECRET, status=status)}, PATIENCE=12) as board:
            text, took = refused(board, HOME)
            assert text == "`home` %s: check the network and `url`" % words, text
            assert took < 3 if at_once else 12 <= took < 14, (name, status, took)


def test_no_such_network_and_a_wrong_password():
    for name in BOTH:
        with on_board(name, {"work": Net("another")}) as board:
            text, took = refused(board, HOME)
            assert text.startswith("`home` no such network:") and took < 4
        with on_board(name, {"work": Net("another")}) as board:
            text, took = refused(board, WORK)
            assert text.startswith("`work` wrong password:") and took < 4


def test_no_address():
    for name in BOTH:
        with on_board(name, {"home": Net(SECRET, address=None)}, PATIENCE=10) as board:
            text, took = refused(board, HOME)
            assert text.startswith("`home` no address:") and 10 <= took < 11


def test_an_attempt_that_never_ends_is_given_up_in_time():
    for name in BOTH:
        with on_board(name, {"home": Net(SECRET, join=1000000)}, PATIENCE=7) as board:
            text, took = refused(board, HOME)
            assert text.startswith("`home` no answer:") and 7 <= took < 8


def test_networks_are_tried_in_order_until_one_is_joined():
    for name in BOTH:
        with on_board(name, {"work": Net(SECRET), "open": Net()}) as board:
            board.connect(HOME, WORK, OPEN)
            assert board.it.joined() == ["home", "work"]
            assert board.it.isconnected()


def test_every_network_is_named_with_its_reason():
    for name in BOTH:
        with on_board(name, {"work": Net("another"), "open": Net(address=None)}, PATIENCE=10) as board:
            text, _ = refused(board, HOME, WORK, OPEN)
            assert text.startswith("`home` no such network, `work` wrong password, `open` no address: "), text


def test_a_reason_of_before_is_not_believed():
    """ESP32 says 201 or 202 throughout the next attempt, until that one has an address."""
    for status in (201, 202, 210):
        net = Net(SECRET, join=3000, address=4000)
        with on_board(ESP32, {"home": Net(SECRET, status=status), "work": net}) as board:
            refused(board, HOME)
            assert board.it.status() == status
            board.connect(HOME, WORK)
            assert board.it.isconnected() and board.it.joined()[-2:] == ["home", "work"]


def test_a_reason_of_before_is_the_best_there_is_when_time_is_up():
    with on_board(ESP32, {}, PATIENCE=6) as board:
        assert refused(board, HOME)[1] < 4
        text, took = refused(board, HOME)
        assert text.startswith("`home` no such network:") and 6 <= took < 7


def test_a_reason_that_comes_again_after_joining_is_believed():
    with on_board(PICO, {}, PATIENCE=30) as board:
        for _ in range(3):
            text, took = refused(board, HOME)
            assert text.startswith("`home` no such network:") and took < 4


def test_a_frame_that_was_lost_is_no_reason_to_give_up():
    for name, status in ((ESP32, 2), (ESP32, 204), (ESP32, 203), (PICO, -1)):
        with on_board(name, {"home": Net(SECRET, status=status, fails=3)}) as board:
            board.connect(HOME)
            assert board.it.joined() == ["home"] * 4


def test_a_driver_that_is_busy_is_asked_again():
    for name in BOTH:
        with on_board(name, {"home": Net(SECRET)}) as board:
            board.it.errors["connect"] = [OSError("Wifi Internal State Error")] * 3
            assert board.connect(HOME) < 5


def test_a_driver_that_fails_is_a_reason_too():
    for name in BOTH:
        for error in (OSError("Wifi Internal State Error"), RuntimeError("Wifi Unknown Error 0x0101")):
            with on_board(name, {"home": Net(SECRET)}) as board:
                board.it.errors["active"] = [error] * 100
                # RuntimeError is not expected from what stops it
                assert refused(board, HOME)[0].startswith("`home` driver error %s: " % error)
    with on_board(ESP32, {"home": Net(SECRET)}, PATIENCE=5) as board:
        board.it.errors["connect"] = [OSError("Wifi Invalid Password")] * 100
        text, took = refused(board, HOME)
        assert text.startswith("`home` driver error Wifi Invalid Password: ") and took < 6


def test_without_networks_it_says_what_enroll_json_lacks():
    for name in BOTH:
        with on_board(name) as board:
            assert "enroll.json: `network` wants" in str(raises("configuration", board.connect))


def test_the_driver_is_reset_before_each_attempt():
    for name in BOTH:
        with on_board(name, {"work": Net(SECRET)}) as board:
            board.connect(HOME, WORK)
            names = [call[:2] for call in board.it.calls if call[0] in ("disconnect", "active", "connect")]
            attempt = [("disconnect",), ("active", False), ("active", True)]
            assert names == attempt + [("connect", "home")] + attempt + [("connect", "work")]


def test_esp32_is_limited_to_one_attempt_while_joining_and_free_after_it():
    with on_board(ESP32, {"home": Net(SECRET)}) as board:
        board.connect(HOME)
        order = [call for call in board.it.calls if call[0] in ("config", "connect")]
        assert order[0] == ("config", {"pm": 0, "reconnects": 0}) and order[1][0] == "connect"
        assert order[-1] == ("config", {"reconnects": -1})
        board.it.errors["config"] = [OSError("Wifi Internal State Error")]
        assert board.connect(HOME) == 0


def test_esp32_comes_back_by_itself_once_joined():
    net = Net(SECRET)
    with on_board(ESP32, {"home": net}) as board:
        board.connect(HOME)
        board.it.end = (200, 100)  # the network fails once
        board.it.isconnected()
        board.it.end = (None, 100)
        board.clock.now += 1000
        assert board.it.isconnected() and board.connect(HOME) == 0


def test_power_save_is_the_boards_choice():
    for name, none, other in ((ESP32, 0, 1), (PICO, 16, 10555714)):
        with on_board(name, {"home": Net(SECRET)}) as board:
            board.connect(HOME)
            assert board.it.settings["pm"] == none
        with on_board(name, {"home": Net(SECRET)}, POWER="PM_PERFORMANCE") as board:
            board.connect(HOME)
            assert board.it.settings["pm"] == other


def test_hostname_and_country_are_set_before_the_interface_is_made():
    for name in BOTH:
        with on_board(name, {"home": Net(SECRET)}, HOSTNAME="enroll-1", COUNTRY="CH") as board:
            board.connect(HOME)
            assert board.said == {"hostname": "enroll-1", "country": "CH"}
            assert board.made == [(0,)], "one interface, STA_IF"
        with on_board(name, {"home": Net(SECRET)}) as board:
            board.connect(HOME)
            assert board.said == {}, "MicroPython's own"


def test_nothing_happens_until_the_task_runs():
    for name in BOTH:
        with on_board(name, {"home": Net(SECRET)}) as board:
            board.port.connect([HOME])
            assert board.it.calls == [] and board.made == []


def test_the_other_boards_join_as_well():
    for name in ("ESP32_GENERIC_S3", "ESP32_GENERIC_C3", "RPI_PICO2_W"):
        with on_board(name, {"home": Net(SECRET)}) as board:
            board.connect(HOME)
            assert board.it.isconnected()


def test_the_watchdog_is_fed_once_a_second_whatever_joining_takes():
    for name in BOTH:
        for net in (Net(SECRET), Net("another"), Net(SECRET, address=None), Net(SECRET, join=1000000)):
            with on_board(name, {"home": net}, WATCHDOG=8000) as board:
                try:
                    board.connect(OPEN, HOME)
                except Exception as error:
                    assert error.kind == "network"
                assert len(board.dogs) == 1 and board.dogs[0].timeout == 8000
                assert board.dogs[0].fed > 10 and board.dogs[0].longest <= 1000
