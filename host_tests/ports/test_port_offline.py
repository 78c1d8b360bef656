"""What a port has for a board without a network that works: a scan, a button, the console, a hostname."""

from fake_board import Pin, on_board
from fake_interfaces import Net
from helpers import raises
from wifi_networks import BOTH, ESP32, HOME, SECRET

FAR = {b"\2\0\0\0\0\1": -90}


def test_a_scan_tells_each_name_once_the_strongest_first():
    near = {b"\2\0\0\0\0\2": -75, b"\2\0\0\0\0\3": -40}
    air = {"far": Net(SECRET, points=FAR), "café ☕ 日本": Net(SECRET, points=near), "open": Net()}
    for name in BOTH:
        with on_board(name, air) as board:
            assert board.port.scan() == [("café ☕ 日本", -40, True), ("open", -60, False), ("far", -90, True)]
            assert board.port._interface is board.it and board.it.on


def test_a_scan_leaves_out_names_that_are_hidden_or_not_utf_8():
    for name in BOTH:
        with on_board(name, {"": Net(SECRET), "\0\0\0": Net(SECRET), b"\xff\xfe": Net(SECRET), "good": Net()}) as board:
            assert [it[0] for it in board.port.scan()] == ["good"]


def test_a_scan_tells_a_bounded_number_of_networks():
    air = {"net %d" % number: Net(points={b"\2\0\0\0\0\1": -number}) for number in range(60)}
    for name in BOTH:
        with on_board(name, air) as board:
            assert [it[0] for it in board.port.scan()] == ["net %d" % number for number in range(20)]


def test_a_scan_while_the_board_tries_to_join():
    for name in BOTH:
        with on_board(name, {"home": Net("another-canary")}) as board:
            task = board.port.connect([HOME])
            for _ in range(4):
                board.pause(next(task))
            assert [it[0] for it in board.port.scan()] == ["home"]
            task.close()


def test_a_scan_leaves_a_link_that_is_up():
    for name in BOTH:
        with on_board(name, {"home": Net(SECRET)}) as board:
            board.connect(HOME)
            assert board.port.scan() and board.it.isconnected()


def test_a_driver_that_cannot_scan_is_named():
    for name in BOTH:
        with on_board(name, {"home": Net(SECRET)}) as board:
            board.it.errors["scan"] = [OSError("Wifi Unknown Error 0x0101")]
            assert "the network driver failed" in str(raises("network", board.port.scan))


def test_a_board_with_a_cable_has_no_scan():
    for name, values in (("W5500_EVB_PICO", {}), (ESP32, {"INTERFACE": "lan", "LAN": {"mdc": 23, "mdio": 18}})):
        with on_board(name, **values) as board:
            assert not hasattr(board.port, "scan")


def test_a_button_that_is_held_for_five_seconds():
    for name in BOTH:
        for looks, pressed in ((0, False), (10, False), (100, True)):
            with on_board(name, BUTTON=9, WATCHDOG=30000) as board:
                raises("configuration", board.connect)  # starts the watchdog
                Pin.held = {9: looks}
                assert board.port.pressed() is pressed
                assert not board.dogs or board.dogs[0].longest <= 2250


def test_a_board_without_a_button():
    for name in BOTH:
        with on_board(name) as board:
            assert board.port.pressed() is False


def test_the_hostname():
    for name in BOTH:
        with on_board(name, HOSTNAME="kitchen") as board:
            assert board.port.hostname() == "kitchen"


def test_the_console_takes_ctrl_c_as_a_byte_while_it_is_open():
    for name in BOTH:
        with on_board(name) as board:
            console = board.port.console()
            assert board.keys == [-1]
            console.close()
            assert board.keys == [-1, 3]
