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
        with on_board(name, {"home": Net(SECRET, status=status)}, PATIENCE=16) as board:
            text, took = refused(board, HOME)
            assert text == "`home` %s: check the network and `url`" % words, text
            assert took < 13 if at_once else 16 <= took < 18, (name, status, took)
            assert len(board.it.joined()) == 2 if at_once else len(board.it.joined()) > 3, (name, status)


def test_no_such_network_and_a_wrong_password():
    for name in BOTH:
        for one, words in ((HOME, "no such network"), (WORK, "wrong password")):
            with on_board(name, {"work": Net("another")}) as board:
                text, took = refused(board, one)
                assert text.startswith("`%s` %s:" % (one["ssid"], words)) and took < 13
                assert len(board.it.joined()) == 2, "a beacon, or a frame, may have been lost"


def test_a_failure_that_the_driver_gets_over_is_none():
    """A Pico W says "bad auth" for a moment and is joined then; ESP32 says 202 until it has an address."""
    cases = [
        (PICO, {500: -3, 1000: 1}),
        (PICO, {200: -3, 800: 1, 900: -1, 1200: 1}),
        (PICO, {500: -3}),  # until it is joined
        (ESP32, {300: 202}),
        (ESP32, {300: 201}),
    ]
    for name, passing in cases:
        with on_board(name, {"home": Net(SECRET, passing=passing)}) as board:
            assert board.connect(HOME) < 4
            assert board.it.joined() == ["home"], "it was not asked again"


def test_a_network_that_is_joined_at_the_second_try_without_being_switched_off():
    for name, statuses in ((PICO, (-1, -2, -3)), (ESP32, (15, 201, 202, 203, 204, 210, 212))):
        for status in statuses:
            with on_board(name, {"home": Net(SECRET, join=2500, address=3000, status=status, fails=1)}) as board:
                board.connect(HOME)
                assert board.it.joined() == ["home"] * 2
                assert [call for call in board.it.calls if call[0] in ("active", "disconnect")][2:] == [
                    ("active", True)
                ]


def test_a_pico_that_was_left_is_asked_again():
    """A wrong password shows as -3, and then, when the access point has gone away, as 0."""
    net = Net("another", passing={1000: -3, 1300: 0}, join=60000)
    with on_board(PICO, {"home": net}) as board:
        text, took = refused(board, HOME)
        assert text.startswith("`home` wrong password:") and took < 7
        assert board.it.joined() == ["home"] * 2
    with on_board(PICO, {"home": Net(SECRET, passing={500: 0}, join=60000)}, PATIENCE=9) as board:
        text, took = refused(board, HOME)
        assert text.startswith("`home` no answer:") and 9 <= took < 10 and len(board.it.joined()) > 3


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
            assert board.it.joined() == ["home", "home", "work"]
            assert board.it.isconnected()


def test_every_network_is_named_with_its_reason():
    for name in BOTH:
        with on_board(name, {"work": Net("another"), "open": Net(address=None)}, PATIENCE=15) as board:
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
            assert board.it.isconnected() and board.it.joined()[-2:] == ["home", "work"], board.it.joined()


def test_a_reason_of_before_is_the_best_there_is_when_time_is_up():
    with on_board(ESP32, {}, PATIENCE=15) as board:
        assert refused(board, HOME)[1] < 13
        text, took = refused(board, HOME)
        assert text.startswith("`home` no such network:") and 15 <= took < 16


def test_a_reason_that_comes_again_after_joining_is_believed():
    with on_board(PICO, {}, PATIENCE=30) as board:
        for _ in range(3):
            text, took = refused(board, HOME)
            assert text.startswith("`home` no such network:") and took < 9


def test_a_frame_that_was_lost_is_no_reason_to_give_up():
    for name, status in ((ESP32, 2), (ESP32, 204), (ESP32, 203), (PICO, -1)):
        with on_board(name, {"home": Net(SECRET, status=status, fails=3)}, PATIENCE=25) as board:
            board.connect(HOME)
            assert board.it.joined() == ["home"] * 4


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


def test_no_heap_is_no_fault_of_the_driver():
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


def test_without_networks_it_says_what_enroll_json_lacks():
    for name in BOTH:
        with on_board(name) as board:
            assert "enroll.json: `network` wants" in str(raises("configuration", board.connect))
            cable = {"ssid": None, "password": None, "ip": "10.0.0.1/8", "gateway": None, "dns": None}
            raises("configuration", board.connect, cable)


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
                assert board.dogs[0].fed > 10 and board.dogs[0].longest <= 2250, "a scan takes two seconds"
