"""Both ports join Wi-Fi, or say in words why not."""

from fake_board import on_board
from fake_interfaces import Net
from helpers import raises
from wifi_networks import BOTH, ESP32, HOME, OPEN, PICO, SECRET, WORK, refused


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
        (ESP32, 203, "rejected by the access point", False),
        (ESP32, 200, "the access point went silent", False),
        (ESP32, 204, "no handshake, usually a wrong password", False),
        (ESP32, 15, "no handshake, usually a wrong password", False),
        (ESP32, 210, "wrong security", True),
        (ESP32, 211, "wrong security", True),
        (ESP32, 212, "too weak a signal", True),
        (ESP32, 2, "failed with status 2", False),
        (PICO, -1, "rejected by the access point, perhaps the wrong security", False),
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
    """A Pico W reports "bad auth" for a moment before it joins; ESP32 reports 202 until it has an address."""
    cases = [
        (PICO, {500: -3, 1000: 1}),
        (PICO, {200: -3, 800: 1, 900: -1, 1200: 1}),
        (PICO, {500: -3}),  # until it is joined
        (PICO, {100: -3, 900: 1, 1100: -3, 1900: 1, 2100: -3, 2900: 1, 3100: -3}),  # never for long
        (ESP32, {300: 202}),
        (ESP32, {300: 201}),
    ]
    for name, passing in cases:
        with on_board(name, {"home": Net(SECRET, passing=passing, join=max(1500, max(passing) + 400))}) as board:
            assert board.connect(HOME) < 5
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
    """ESP32 reports 201 or 202 during the whole next attempt, until that one has an address."""
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


def test_without_networks_it_says_what_enroll_json_lacks():
    for name in BOTH:
        with on_board(name) as board:
            assert "no Wi-Fi in enroll.json: name it in `network`" in str(raises("configuration", board.connect))
            cable = {"ssid": None, "password": None, "ip": "10.0.0.1/8", "gateway": None, "dns": None}
            raises("configuration", board.connect, cable)


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
