"""What else both ports do: clock, identity, watchdog, sleep, memory, store, room for TLS."""

from answers import GOOD
from enroll import calendar
from enroll.config import Secret
from enroll.enroller import Enroller
from fake_board import on_board
from fake_device import NOW, Service
from fake_interfaces import Net
from fake_nvs import Flash
from helpers import config, folder, patched, raises

BOTH = ("ESP32_GENERIC", "RPI_PICO_W")
BOARDS = BOTH + ("ESP32_GENERIC_S3", "ESP32_GENERIC_C3", "RPI_PICO2_W", "W5500_EVB_PICO")
HOME = {"ssid": "home", "password": Secret("password-canary")}
AIR = {"home": Net("password-canary")}


def test_every_board_has_a_port_with_the_same_functions():
    names = ("connect", "set_clock", "identity", "feed", "sleep", "memory", "drop")
    for name in BOARDS:
        with on_board(name) as board:
            assert [it for it in names if not callable(getattr(board.port, it))] == []
            assert board.made == [] and board.dogs == [], "nothing is started by importing it"
            assert [where for _, where in board.mounted] == (["/nvs"] if board.esp32 else [])
            assert not hasattr(board.port, "store")


def test_the_clock_is_set_in_calendar_fields():
    cases = [
        (0, (1970, 1, 1, 3, 0, 0, 0, 0)),
        (946684799, (1999, 12, 31, 4, 23, 59, 59, 0)),
        (946684800, (2000, 1, 1, 5, 0, 0, 0, 0)),
        (951782400, (2000, 2, 29, 1, 0, 0, 0, 0)),
        (1709251199, (2024, 2, 29, 3, 23, 59, 59, 0)),
        (1709251200, (2024, 3, 1, 4, 0, 0, 0, 0)),
        (1740787200, (2025, 3, 1, 5, 0, 0, 0, 0)),
        (1795000000, (2026, 11, 18, 2, 11, 6, 40, 0)),
        (1830297599, (2027, 12, 31, 4, 23, 59, 59, 0)),
        (2147483648, (2038, 1, 19, 1, 3, 14, 8, 0)),
        (4102444800, (2100, 1, 1, 4, 0, 0, 0, 0)),
        (4107456000, (2100, 2, 28, 6, 0, 0, 0, 0)),
        (4107542400, (2100, 3, 1, 0, 0, 0, 0, 0)),
    ]
    for name in BOTH:
        with on_board(name) as board:
            for unix, _ in cases:
                board.port.set_clock(unix)
            assert board.rtc.set == [fields for _, fields in cases]


def test_the_calendar_has_every_day_of_a_century_once():
    with on_board("RPI_PICO_W") as board:
        before = None
        for day in range(calendar.days(2026, 0, 1), calendar.days(2106, 0, 1), 13):
            for today in (day, day + 1):
                year, month, date, weekday = board.link.calendar(today * 86400 + 86399)[:4]
                assert calendar.days(year, month - 1, date) == today and weekday == (today + 3) % 7
                assert before is None or (year, month, date) > before or today == day
                before = (year, month, date)


def test_identity_of_an_esp32():
    with on_board("ESP32_GENERIC") as board:
        found = board.port.identity()
        assert found["serial"] == found["hardware_id"] == "240ac412ab0f"
        assert found.get("mac") == found["mac"] == "24:0a:c4:12:ab:0f"
        assert found.get("hardware_key") is None and board.made == []


def test_identity_of_a_pico_asks_the_radio_only_for_the_mac():
    with on_board("RPI_PICO_W", AIR) as board:
        found = board.port.identity()
        assert found.get("serial") == found.get("hardware_id") == "e661410403" + "5a2b0f"
        assert board.it.calls == []
        assert found.get("mac") == found.get("mac") == "28:cd:c1:00:00:7f"
        assert board.it.calls == [("active", True)]


def test_a_hardware_key_of_the_board():
    for name in BOTH:
        with on_board(name, HARDWARE_KEY="key-canary") as board:
            assert board.port.identity().get("hardware_key") == "key-canary"


def test_identity_fills_in_what_enroll_json_leaves_out():
    with on_board("RPI_PICO_W", HARDWARE_KEY="key-canary") as board:
        it = config("xyte", {"hardware_key": None, "sn": "1", "mac": None})
        it.complete(board.port.identity())
        assert it.section["mac"] == "28:cd:c1:00:00:7f" and it.section["hardware_key"].reveal() == "key-canary"
        it = config("etherfax", {"serial": None})
        it.complete(board.port.identity())
        assert it.section["serial"] == "e66141040" + "35a2b0f"


def test_no_watchdog_unless_the_board_has_one():
    for name in BOARDS:
        with on_board(name, dict(AIR), WATCHDOG=0) as board:
            board.connect(HOME)
            assert board.port.feed() is False
            board.port.sleep(1)
            assert board.dogs == [] and board.clock.events == []


def test_one_watchdog_started_by_the_first_connect():
    for name in BOTH:
        with on_board(name, AIR, WATCHDOG=5000) as board:
            board.port.feed()
            assert board.dogs == []
            board.connect(HOME)
            board.connect(HOME)
            assert [dog.timeout for dog in board.dogs] == [5000]
            fed = board.dogs[0].fed
            assert board.port.feed() is True
            assert board.dogs[0].fed == fed + 1


def test_a_watchdog_of_more_than_the_chip_allows():
    """A timer feeds it while MicroPython waits for a name server, for as long as the board says and no longer."""
    for name in ("RPI_PICO_W", "RPI_PICO2_W", "W5500_EVB_PICO"):
        for patience in (20000, 30000, 60000):
            with on_board(name, dict(AIR), WATCHDOG=patience) as board:
                board.connect(HOME)
                dog = board.dogs[0]
                for seconds in (7, 14, patience / 1000 - 3):
                    board.port.feed()
                    board.clock.sleep(seconds)
                    assert board.clock.now - dog.last < 8388 and dog.longest < 8388, seconds
                board.port.feed()
                board.clock.sleep(patience / 1000 + 1)
                assert board.clock.now - dog.last > 8388, "a program that hangs is not fed"
    for name, patience in (("RPI_PICO_W", 8388), ("RPI_PICO2_W", 5000), ("ESP32_GENERIC", 30000)):
        with on_board(name, dict(AIR), WATCHDOG=patience) as board:
            board.connect(HOME)
            assert board.dogs[0].timeout == patience and board.clock.events == []


def test_a_sleep_feeds_the_watchdog_and_takes_its_time():
    for name in BOTH:
        with on_board(name, AIR, WATCHDOG=5000) as board:
            board.connect(HOME)
            for seconds in (0, 0.1, 1, 30, 900):
                board.dogs[0].feed()
                start, fed = board.clock.now, board.dogs[0].fed
                board.port.sleep(seconds)
                board.dogs[0].feed()
                assert board.clock.now - start == seconds * 1000
                assert board.dogs[0].longest <= 1000 and board.dogs[0].fed - fed > seconds


def test_memory_of_an_esp32():
    with on_board("ESP32_GENERIC") as board:
        memory = board.port.memory
        assert memory() == b""
        assert memory(b"x" * 2048) is None and memory() == b"x" * 2048
        error = raises(ValueError, memory, b"x" * 2049)
        assert "2048" in str(error) and memory() == b"x" * 2048
        memory(b"")
        assert memory() == b""


def test_a_pico_keeps_nothing():
    with on_board("RPI_PICO_W") as board:
        assert board.port.memory(b"x") is None and board.port.memory() is None


class Heap:
    """Stands for `bytearray`, with so many bytes to give at a time."""

    def __init__(self, most):
        self.most = most

    def __call__(self, size):
        self.most -= size
        if self.most < 0:
            raise MemoryError
        return size


def test_a_pico_proves_that_the_heap_has_room_for_tls():
    for name in ("RPI_PICO_W", "RPI_PICO2_W", "W5500_EVB_PICO"):
        with on_board(name, AIR, WATCHDOG=5000) as board:
            need = sum(board.port.board.TLS)
            assert 27000 < need < 28000 and board.port.board.TLS[:3] == (16717, 4429, 1304)
            with patched(board.link, bytearray=Heap(need - 1)):
                error = raises("memory", board.connect, HOME)
                assert str(error) == "TLS needs %d bytes of heap, in large blocks: free some heap" % need
            with patched(board.link, bytearray=Heap(need - 1)):
                raises("memory", board.connect, HOME)  # also when the link is up
            with patched(board.link, bytearray=Heap(need)):
                board.connect(HOME)


def test_an_esp32_proves_that_esp_idf_has_room_for_tls():
    """The first list is from MicroPython's documentation of idf_heap_info."""
    most = [(240, 0, 0, 0), (79912, 35712, 35512, 35108), (15072, 15036, 15036, 15036)]
    for name in ("ESP32_GENERIC", "ESP32_GENERIC_S3", "ESP32_GENERIC_C3"):
        with on_board(name, AIR, WATCHDOG=5000) as board:
            need = sum(board.port.board.TLS)
            assert 27000 < need < 28000 and board.port.board.TLS[:3] == (16717, 4429, 1304)
            with patched(board.link, bytearray=Heap(0)):  # Python's heap is another
                for heaps in (most, [(113840, need, 16717, 0)]):
                    board.heaps[4] = heaps
                    board.connect(HOME)
            for heaps in ([(113840, 90000, 16716, 0)], [(113840, need - 1, 30000, 0)], [(9, 0, 0, 0)] + most[2:]):
                board.heaps[4] = heaps
                error = raises("memory", board.connect, HOME)
                assert str(error) == "TLS needs %d bytes of heap, in large blocks: free some heap" % need
            board.port.board.TLS = ()
            board.connect(HOME)


def test_a_device_registers_through_the_port():
    def ask(it, log=None):
        yield 0.1
        return NOW

    for name in BOTH:
        with on_board(name, AIR, WATCHDOG=8000) as board:
            network = [{"ssid": "home", "password": HOME["password"].reveal()}]
            it = config("etherfax", {"serial": None}, store=folder() + "/state", network=network)
            service = Service((200, GOOD["etherfax"]))
            enroller = Enroller(it, board.port, request=service)
            clock = __import__("enroll.clock", None, None, ("ask",))
            with patched(clock, ask=ask):
                action = enroller.step(0)
            assert action.name == "registered" and len(service.requests) == 1
            assert board.it.isconnected() and board.rtc.set == [board.link.calendar(NOW)]
            assert board.dogs[0].longest <= 1000 and board.dogs[0].fed > 5
            assert enroller.step(action.at).credential and len(service.requests) == 1


def test_names_that_nvs_cannot_have():
    with on_board("ESP32_GENERIC", nvs=Flash(), NVS=True) as board:
        files, _ = board.mounted[0]
        for path in (
            "/sixteen-letters-",
            "/sixteen-letters-/0",
            "/" + "\u00e9" * 8,
            "/enroll/sixteen-letters-/0",
            "//0",
        ):
            error = str(raises("configuration", files.open, path + "/slot", "r"))
            assert error == "`store` needs names of 1 to 15 characters after /nvs/: correct the settings", error
        raises("configuration", files.mkdir, "/sixteen-letters-")
        assert raises(OSError, files.mkdir, "/").errno == 17 and files.stat("/")[0] == 0x4000
        assert list(files.ilistdir("/")) == []
        files.mkdir("/fifteen-letters")


def test_nvs_is_mounted_where_the_board_says_so_and_else_says_why_not():
    flash = Flash()
    with on_board("ESP32_GENERIC", nvs=flash, NVS=True) as board:
        assert len(board.mounted) == 1 and flash.opened == []
        board.port._mount()  # a soft reset need not take it away
        assert len(board.mounted) == 1
    with on_board("ESP32_GENERIC", nvs=flash) as board:
        files, _ = board.mounted[0]
        for call in (files.stat, files.mkdir, files.remove, lambda path: files.open(path, "r")):
            error = str(raises("configuration", call, "/enroll/0/slot"))
            assert error == "`store` in /nvs needs `NVS = True` in board.py: set it, or change `store`"
        assert list(files.ilistdir("/")) == []
    with on_board("RPI_PICO_W") as board:
        assert board.mounted == []
