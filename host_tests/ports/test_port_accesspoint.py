"""The network that a board makes: how each driver is told, what it serves there, its name server."""

import sys

from fake_board import on_board
from fake_interfaces import Net
from helpers import Fake, raises
from visitor import HOST, Sockets
from wifi_networks import BOTH, ESP32, HOME, SECRET

NAME, OWN = "Acme 1", "own-canary"
HEAD = b"\x12\x34\1\0\0\1\0\0\0\0\0\0"  # of a question; recursion is desired
QUESTION = b"\3www\7example\3com\0\0\1\0\1"  # type A, class IN


class made:
    """Context in which the board `name` has made its network, with fake sockets."""

    def __init__(self, name, air=None, taken=False, error=None, **values):
        self.board = on_board(name, air or {}, **values)
        self.sockets = Sockets()
        self.sockets.taken = taken
        self.error = error

    def __enter__(self):
        self._before = sys.modules.get("socket")
        sys.modules["socket"] = self.sockets
        self.board.__enter__()
        self.board.own.error = self.error
        return self

    def open(self):
        self.point = self.board.port.access_point(NAME, OWN)
        self.web, self.names = self.sockets.made
        return self.point

    def ask(self, *packets):
        """What the name server answers."""
        self.names.waiting += [(packet, ("192.168.4.16", 5353)) for packet in packets]
        self.point.answer()
        found, self.names.sent = self.names.sent, []
        assert all(receiver == ("192.168.4.16", 5353) for _, receiver in found)
        return [packet for packet, _ in found]

    def __exit__(self, *_):
        self.board.__exit__()
        if self._before:
            sys.modules["socket"] = self._before
        else:
            del sys.modules["socket"]


def test_the_network_has_its_name_and_is_never_open_to_everybody_for_longer_than_the_driver_needs():
    for name in BOTH:
        with made(name) as it:
            point = it.open()
            security = "WPA2" if name == ESP32 else "WPA/WPA2"
            assert it.board.own.seen[-1] == (NAME, OWN, security) and it.board.own.on and point.host == HOST
            assert len(it.board.own.seen) == (2 if name == ESP32 else 1), "CYW43's own password is known to everybody"
            point.close()
            assert not it.board.own.on and not it.web.open and not it.names.open


def test_the_watchdog_and_the_country_come_before_the_driver():
    for name in BOTH:
        with made(name, WATCHDOG=30000, COUNTRY="DE") as it:
            it.open()
            assert it.board.own.watched and it.board.said["country"] == "DE"


def test_only_the_own_network_is_served():
    for name in BOTH:
        with made(name) as it:
            it.open()
            assert (it.web.where, it.web.kind) == ((HOST, 80), 1) and (it.names.where, it.names.kind) == ((HOST, 53), 2)


def test_connections_do_not_block():
    with made(ESP32) as it:
        point = it.open()
        assert point.accept() is None
        phone = Fake(setblocking=lambda flag: asked.append(flag))
        asked = []
        it.web.waiting.append((phone, ("192.168.4.16", 40000)))
        assert point.accept() is phone and asked == [False]


def test_the_link_to_another_network_stays_as_it_is():
    for name in BOTH:
        with made(name, {"home": Net(SECRET)}) as it:
            it.board.connect(HOME)
            it.open().close()
            assert it.board.it.isconnected()


def test_a_driver_or_a_port_that_fails_leaves_nothing_open():
    for name in BOTH:
        with made(name, error=OSError("Wifi Unknown Error 0x0101")) as it:
            assert "the network driver failed" in str(raises("network", it.open))
        with made(name, taken=True) as it:
            raises("network", it.open)
            assert not it.board.own.on and not any(one.open for one in it.sockets.made)


def test_a_name_has_the_boards_address():
    with made(ESP32) as it:
        it.open()
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + bytes([192, 168, 4, 1])
        flags = b"\x12\x34\x85\x80\0\1\0\1\0\0\0\0"
        extra = b"\0\0\x29\x10\0\0\0\0\0\0\0"  # EDNS
        with_extra = HEAD[:10] + b"\0\1"
        assert it.ask(HEAD + QUESTION) == [flags + QUESTION + answer]
        assert it.ask(with_extra + QUESTION + extra) == [flags + QUESTION + answer]
        upper = QUESTION.replace(b"www", b"wWw")
        assert it.ask(HEAD + upper) == [flags + upper + answer], "some resolvers compare the case"


def test_a_name_has_no_address_of_another_type():
    with made(ESP32) as it:
        it.open()
        for kind in (b"\0\x1c", b"\0\x41", b"\0\x10"):  # AAAA, HTTPS, TXT
            question = QUESTION[:-4] + kind + b"\0\1"
            assert it.ask(HEAD + question) == [b"\x12\x34\x85\x80\0\1\0\0\0\0\0\0" + question]


def test_other_packets_are_left_unanswered():
    with made(ESP32) as it:
        it.open()
        whole = HEAD + QUESTION
        for packet in (
            [whole[:size] for size in range(len(whole))]
            + [
                b"\0" * 12,
                b"\xff" * 512,
                HEAD[:2] + b"\x81\x80" + HEAD[4:] + QUESTION,  # an answer
                HEAD[:2] + b"\x29\0" + HEAD[4:] + QUESTION,  # an update
                HEAD[:4] + b"\0\2" + HEAD[6:] + QUESTION * 2,
                HEAD[:4] + b"\0\0" + HEAD[6:] + QUESTION,
            ]
        ):
            assert it.ask(packet) == [], packet
        assert len(it.ask(*[whole] * 9)) == 4, "one poll answers a bounded number"


def test_a_sender_that_is_gone():
    with made(ESP32) as it:
        it.open()

        def gone(*_):
            raise OSError(113, "EHOSTUNREACH")

        it.names.sendto = gone
        assert it.ask(HEAD + QUESTION) == []


def test_a_board_with_a_cable_makes_no_network():
    for name, values in (("W5500_EVB_PICO", {}), (ESP32, {"INTERFACE": "lan", "LAN": {"mdc": 23, "mdio": 18}})):
        with on_board(name, **values) as board:
            assert not hasattr(board.port, "access_point")
