"""What the Wi-Fi drivers are told, and how their exceptions are handled."""

from fake_board import on_board
from fake_interfaces import Net
from helpers import raises
from wifi_networks import BOTH, ESP32, HOME, PICO, SECRET, WORK, refused


def test_a_driver_that_is_busy_is_asked_again():
    for name in BOTH:
        with on_board(name, {"home": Net(SECRET)}) as board:
            board.it.errors["connect"] = [OSError("Wifi Internal State Error")] * 3
            assert board.connect(HOME) < 5


FAULTS = [
    (OSError("Wifi Internal State Error"), "Wifi Internal State Error"),
    (OSError("WiFi Out of Memory"), "WiFi Out of Memory"),
    (RuntimeError("Wifi Unknown Error 0x0101"), "WiFi Out of Memory"),  # 1.25
    (RuntimeError("Wifi Unknown Error 0x3012"), "Wifi Unknown Error 0x3012"),
    (TypeError("object 'NoneType' is not a tuple"), "object 'NoneType' is not a tuple"),
    (AttributeError("no attribute 'active'"), "no attribute 'active'"),
    (ValueError(), "ValueError"),
]


def test_a_driver_that_fails_is_a_reason_too():
    for name in BOTH:
        for call in ("active", "config", "connect", "ipconfig"):
            for error, words in FAULTS:
                with on_board(name, {"home": Net(SECRET)}, PATIENCE=5) as board:
                    board.it.errors[call] = [error] * 100
                    text, took = refused(board, HOME)
                    assert text.startswith("`home` driver error %s: " % words) and took < 6, (call, text)


def test_a_driver_that_has_no_interface_is_told():
    for name in BOTH:
        for error, words in FAULTS:
            with on_board(name, {"home": Net(SECRET)}) as board:
                board.unmade = [error]
                assert refused(board, HOME)[0].startswith("the network driver failed, error %s: " % words)
                board.connect(HOME)  # later it has
                for call in ("isconnected", "status"):
                    board.drop()
                    board.it.errors[call] = [error]
                    assert words in refused(board, HOME)[0]


def test_a_full_heap_is_not_the_drivers_fault():
    for name in BOTH:
        for call in ("active", "connect", "isconnected"):
            with on_board(name, {"home": Net(SECRET)}) as board:
                board.it.errors[call] = [MemoryError()] * 9
                raises(MemoryError, board.connect, HOME)


def test_a_link_that_is_dropped_is_joined_again_whatever_the_driver_believes():
    for name in BOTH:
        with on_board(name, {"home": Net(SECRET)}) as board:
            board.port.drop()
            assert board.made == [], "there is nothing to take down"
            board.connect(HOME)
            board.it.errors = {"disconnect": [RuntimeError("any")]}
            board.port.drop()
            assert not board.it.isconnected() and not board.it.active()
            assert 2 <= board.connect(HOME) <= 4 and board.it.joined() == ["home"] * 2


def test_the_driver_is_reset_before_each_attempt():
    for name in BOTH:
        with on_board(name, {"work": Net(SECRET)}) as board:
            board.connect(HOME, WORK)
            names = [call[:2] for call in board.it.calls if call[0] in ("disconnect", "active", "connect")]
            attempt = [("disconnect",), ("active", False), ("active", True)]
            assert names == attempt + [("connect", "home")] * 2 + attempt + [("connect", "work")]


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
            assert board.made == [{}], "one interface, the station"
        with on_board(name, {"home": Net(SECRET)}) as board:
            board.connect(HOME)
            assert board.said == {}, "MicroPython's own"
