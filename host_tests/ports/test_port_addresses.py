"""Networks with set addresses, names in any script, and one of several access points."""

from enroll.config import Secret
from fake_board import on_board
from fake_interfaces import Net
from wifi_networks import BOTH, ESP32, HOME, PICO, SECRET, WORK, refused


def test_names_and_passwords_in_other_scripts():
    name, password = "Z\u00fcrich \u6771\u4eac \U0001f600", "p\u00e4ssw\u00f6rd-canary"
    for board in BOTH:
        with on_board(board, {name: Net(password)}) as it:
            it.connect({"ssid": name, "password": Secret(password)})
            assert it.it.isconnected()
        with on_board(board) as it:
            assert refused(it, {"ssid": name, "password": None})[0].startswith("`%s` no such network:" % name)


FIXED = dict(HOME, ip="192.168.1.5/24", gateway="192.168.1.1", dns="192.168.1.2")


def test_addresses_of_a_network():
    for name in BOTH:
        with on_board(name, {"home": Net(SECRET, address=None)}) as board:
            assert board.connect(FIXED) < 4
            assert board.it.fixed == {"addr4": "192.168.1.5/24", "gw4": "192.168.1.1"} and not board.it.dhcp
            assert board.said == {"dns": "192.168.1.2"}
            assert board.connect(FIXED) == 0
        with on_board(name, {"home": Net(SECRET)}) as board:
            board.connect(dict(HOME, ip="10.1.1.5/8", gateway=None, dns=None))
            assert board.it.fixed == {"addr4": "10.1.1.5/8", "gw4": "0.0.0.0"} and board.said == {}


def test_a_network_without_addresses_gets_them_by_dhcp_even_after_one_with():
    for name in BOTH:
        with on_board(name, {"work": Net(SECRET)}, PATIENCE=6) as board:
            board.connect(FIXED, WORK)
            assert board.it.isconnected() and board.it.dhcp and board.it.fixed == {}
            board.port.drop()
            board.it.air["home"] = Net(SECRET)
            board.connect(FIXED, WORK)
            assert board.it.fixed and not board.it.dhcp


def test_a_link_with_another_address_is_joined_again():
    """A soft reset keeps the link, and enroll.json may have changed meanwhile."""
    for name in BOTH:
        with on_board(name, {"home": Net(SECRET)}) as board:
            board.connect(HOME)
            assert board.connect(FIXED) > 1 and board.it.fixed["addr4"] == FIXED["ip"]
            assert board.connect(HOME, FIXED) == 0 and board.connect() == 0


def test_the_strongest_access_point_is_named_where_the_first_was_not_good_enough():
    points = {b"-far--": -90, b"-near-": -50, b"-mid--": -70}
    for status in (15, 202, 212):
        with on_board(ESP32, {"home": Net(SECRET, status=status, fails=1, points=points), "work": Net()}) as board:
            board.connect(HOME)
            assert [call for call in board.it.calls if call[0] in ("scan", "connect")] == [
                ("connect", "home", SECRET),
                ("scan",),
                ("connect", "home", SECRET, b"-near-"),
            ]
    with on_board(ESP32, {"home": Net(SECRET, status=15, fails=1)}) as board:
        board.connect(HOME)
        assert board.it.calls[-1] != ("scan",) and board.it.calls[-2] == ("connect", "home", SECRET), (
            "there is one only"
        )
    with on_board(ESP32, {"home": Net(SECRET, status=15, fails=1, points=points)}) as board:
        board.it.errors["scan"] = [MemoryError()]
        board.connect(HOME)
        assert board.it.joined() == ["home"] * 2
    with on_board(PICO, {"home": Net(SECRET, status=-1, fails=1, points=points)}) as board:
        board.connect(HOME)
        assert ("scan",) not in board.it.calls, "it takes up to 10 s, and the chip looks for the strongest by itself"
