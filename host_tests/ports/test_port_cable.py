"""Both ports wait for a cable: its link, then an address."""

from fake_board import Pin, on_board
from helpers import config, raises

RMII = {"mdc": 23, "mdio": 18, "power": 12, "phy_type": "PHY_LAN8720", "phy_addr": 0}
W5500 = {"spi": (1, 12, 11, 13), "cs": 10, "int": 9, "phy_type": "PHY_W5500", "phy_addr": 0}


def boards(**cable):
    """A board of each kind that has a cable."""
    yield on_board("ESP32_GENERIC", cable=cable, INTERFACE="lan", LAN=RMII, PATIENCE=15, WATCHDOG=8000)
    yield on_board("W5500_EVB_PICO", cable=cable, WATCHDOG=8000)


def test_a_cable_with_an_address():
    for it in boards(link=1000, address=3000):
        with it as board:
            assert 3 <= board.connect() < 4
            assert board.it.isconnected()


def test_a_link_that_is_up_costs_no_time():
    for it in boards():
        with it as board:
            board.connect()
            assert board.connect() == 0 and board.it.calls == [True]
            assert len(board.made) == 1, "another WIZNET5K would take the link down"


def test_no_cable():
    for it in boards(link=None):
        with it as board:
            start = board.clock.now
            text = str(raises("network", board.connect))
            assert text == "no link: plug in the cable"
            assert 15 <= (board.clock.now - start) / 1000 < 16


def test_a_cable_without_an_address():
    for it in boards(address=None):
        with it as board:
            assert str(raises("network", board.connect)) == "no address: check the DHCP server"


def test_a_cable_that_is_plugged_in_later():
    for it in boards(link=None):
        with it as board:
            raises("network", board.connect)
            board.it.link = 0
            assert board.connect() < 1


def test_a_cable_that_was_pulled_and_comes_back():
    for it in boards():
        with it as board:
            board.connect()
            board.it.link = None
            raises("network", board.connect)
            board.it.link = board.clock.now - board.it.since + 5000
            assert 5 <= board.connect() < 6


def test_a_driver_that_fails_is_told():
    for error in (OSError("ethernet enable failed"), RuntimeError("any"), TypeError("any"), AttributeError("any")):
        for it in boards():
            with it as board:
                board.it.error = error
                text = str(raises("network", board.connect))
                assert text == "the network driver failed, error %s: check the network and `url`" % error
                if not board.esp32:  # which knows it without being switched on
                    raises("network", board.port.identity().get, "mac")
    for it in boards():
        with it as board:
            board.it.error = MemoryError()
            raises(MemoryError, board.connect)


def test_an_interface_that_cannot_be_made_is_told():
    errors = (
        OSError("esp_eth_driver_install failed"),
        ValueError("invalid phy type"),
        RuntimeError("any"),
        TypeError("x"),
    )
    for error in errors:
        for it in boards():
            with it as board:
                board.unmade = [error, error]
                assert "the network driver failed, error %s" % error in str(raises("network", board.connect))
                assert "the network driver failed" in str(raises("network", board.port.identity().get, "mac"))
                board.connect()
    with on_board("ESP32_GENERIC", INTERFACE="lan", LAN=dict(RMII, phy_type="PHY_NONE")) as board:
        assert "PHY_NONE" in str(raises("network", board.connect))


def test_the_watchdog_runs_before_the_interface_is_touched():
    """A W5500 that does not answer hangs its driver: only the watchdog helps."""
    for it in boards():
        with it as board:
            board.it.seen = board.dogs
            for touch in (board.connect, lambda: board.port.identity().get("mac")):
                board.dogs.clear()
                board.it.on = False
                board.port._watchdog = board.port._interface = None
                touch()
                assert len(board.dogs) == 1 and board.it.watched


def test_a_w5500_has_a_watchdog_unless_it_is_taken_away():
    with on_board("W5500_EVB_PICO") as board:
        board.connect()
        assert [dog.timeout for dog in board.dogs] == [8388] and board.port.board.WATCHDOG >= 30000


ADDRESS = {"ip": "192.168.1.5/24", "gateway": "192.168.1.1", "dns": "192.168.1.2"}
CABLE = config("etherfax", network=[ADDRESS]).network[0]
RADIO = dict(CABLE, ssid="home", ip="10.0.0.1/8")


def test_addresses_of_a_cable():
    for it in boards(address=None):
        with it as board:
            assert 1 <= board.connect(RADIO, CABLE) < 2
            assert board.it.fixed == {"addr4": "192.168.1.5/24", "gw4": "192.168.1.1"} and not board.it.dhcp
            assert board.said == {"dns": "192.168.1.2"}
            assert board.connect(RADIO, CABLE) == 0 and board.it.calls == [True]
            board.connect(dict(CABLE, ip="192.168.1.6/24"))  # enroll.json was changed, and a soft reset kept the link
            assert board.it.calls == [True, False, True] and board.it.fixed["addr4"] == "192.168.1.6/24"
    for it in boards():
        with it as board:
            board.connect(RADIO)
            assert board.it.dhcp and board.it.fixed == {}
            board.connect(dict(CABLE, ip=None))
            assert board.it.calls == [True]


def test_a_link_that_is_dropped_is_made_again():
    for it in boards():
        with it as board:
            board.connect()
            board.port.drop()
            assert board.it.calls == [True, False] and not board.it.isconnected()
            assert 2 <= board.connect() < 3 and len(board.made) == 1


def test_the_watchdog_is_fed_meanwhile():
    for it in boards(address=None):
        with it as board:
            raises("network", board.connect)
            assert board.dogs[0].fed > 10 and board.dogs[0].longest <= 1000


def test_the_phy_is_made_of_the_boards_pins():
    with on_board("ESP32_GENERIC", INTERFACE="lan", LAN=RMII) as board:
        board.connect()
        board.connect()
        pins = {"mdc": Pin(23), "mdio": Pin(18), "power": Pin(12)}
        assert board.made == [dict(pins, phy_type=1, phy_addr=0)]
    with on_board("ESP32_GENERIC_S3", INTERFACE="lan", LAN=W5500) as board:
        board.connect()
        spi = (1, {"sck": Pin(12), "mosi": Pin(11), "miso": Pin(13)})
        assert board.made == [{"spi": spi, "cs": Pin(10), "int": Pin(9), "phy_type": 102, "phy_addr": 0}]


def test_values_of_a_phy_that_are_no_pins():
    """As MicroPython's page on the ESP32 has them: Olimex, WT32-ETH01, Ethernet-Kit."""
    more = {"id": 0, "power": None, "ref_clk": 17, "ref_clk_mode": "OUT"}
    made = {"id": 0, "power": None, "ref_clk": Pin(17), "ref_clk_mode": Pin.OUT}
    made.update(mdc=Pin(23), mdio=Pin(18), phy_type=1, phy_addr=0)
    for values in (more, made, dict(more, ref_clk_mode=Pin.OUT), dict(more, phy_type=1)):
        with on_board("ESP32_GENERIC", INTERFACE="lan", LAN=dict(RMII, **values)) as board:
            board.connect()
            assert board.made == [made], values
    with on_board("ESP32_GENERIC", INTERFACE="lan", LAN=dict(RMII, ref_clk_mode="IN")) as board:
        board.connect()
        assert board.made[0]["ref_clk_mode"] == Pin.IN


def test_a_bus_that_is_made_already():
    with on_board("ESP32_GENERIC_S3", INTERFACE="lan", LAN=dict(W5500, spi="a bus")) as board:
        board.connect()
        assert board.made[0]["spi"] == "a bus"


def test_hostname_of_a_cable():
    with on_board("W5500_EVB_PICO", HOSTNAME="enroll-2") as board:
        board.connect()
        assert board.said == {"hostname": "enroll-2"}


def test_the_mac_of_a_cable():
    for it in boards():
        with it as board:
            assert board.port.identity().get("mac") == "24:0a:c4:12:ab:12"
