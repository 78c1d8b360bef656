"""A device that sleeps between attempts: its schedule survives sleep, and nothing in its memory can stop it."""

import enroll.failed as failed
from answers import GOOD
from enroll import calendar
from enroll.enroller import Enroller
from enroll.errors import EnrollError
from fake_device import NOW, Device, Port, Service, counting
from helpers import Fake, patched

BUSY = (503, b"")
NO = (403, b"")
DAY = 86400


def chance(part):
    """Every random number is `part`, in 65536ths."""
    return patched(failed, os=Fake(urandom=lambda size: part.to_bytes(size, "big")))


class Board(Port):
    """A board whose memory outlasts deep sleep; `records` has what it writes to flash."""

    def __init__(self):
        self.records = []
        super().__init__(counting(self.records))

    @property
    def saves(self):
        return len(self.records)


class Forgetful(Board):
    """A board that keeps nothing."""

    def memory(self, data=None):
        return None


class Sleeper:
    """A device whose Enroller is a new one at each wake, as after deep sleep; `asked` counts its requests."""

    def __init__(self, provider="xyte", board=Board, section=None, **top):
        self.device, self.port, self.asked = Device(provider, section, **top), board(), 0

    def wake(self, now, *answers):
        service = Service(*answers)
        it = Enroller(self.device.it, self.port, request=service)
        try:
            return it.step(now)
        finally:
            it.close()
            self.asked += len(service.requests)


def test_a_device_that_wakes_too_early_waits_on_without_a_request_or_a_write():
    sleeper = Sleeper()
    with chance(40000):
        at = sleeper.wake(NOW, BUSY).at
        kept, saves = sleeper.port.kept, sleeper.port.saves
        for now in (NOW, NOW + 1, at - 1):
            action = sleeper.wake(now)
            assert (action.name, action.at, action.error, action.credential) == ("wait", at, None, None)
    assert sleeper.asked == 1 and sleeper.port.connected == 1
    assert sleeper.port.kept == kept and sleeper.port.saves == saves
    assert sleeper.wake(at, (201, GOOD["xyte"])).name == "registered"


def test_the_span_grows_ninefold_from_sleep_to_sleep_up_to_half_of_the_cap():
    sleeper = Sleeper(retry={"first": 5, "cap": 900})
    now, spans = NOW, []
    with chance(65535):
        for _ in range(8):
            at = sleeper.wake(now, BUSY).at
            spans.append(at - now)
            now = at
    assert spans == [5, 45, 405, 450, 450, 450, 450, 450]


def test_a_refusal_is_asked_again_slowly_from_sleep_to_sleep():
    sleeper = Sleeper("etherfax")
    now = NOW
    for _ in range(5):
        at = sleeper.wake(now, NO).at
        assert 450 <= at - now <= 901
        now = at
    assert sleeper.wake(now, (200, GOOD["etherfax"])).name == "registered"


def test_registering_clears_the_schedule_and_the_next_wake_needs_no_network():
    sleeper = Sleeper()
    at = sleeper.wake(NOW, BUSY).at
    assert sleeper.port.kept
    action = sleeper.wake(at, (201, GOOD["xyte"]))
    assert action.name == "registered" and sleeper.port.kept == b""
    assert sleeper.wake(at + 5).credential.device_id == "device-1" and sleeper.asked == 2


def test_a_registration_resets_the_count_of_failures():
    sleeper = Sleeper()
    with chance(65535):
        now = NOW
        for _ in range(5):
            now = sleeper.wake(now, BUSY).at
        sleeper.wake(now, (201, GOOD["xyte"]))
        sleeper.device.it.store += "-other"  # as after a factory reset
        assert sleeper.wake(now, BUSY).at == now + 5


def test_what_another_device_has_left_in_memory_is_ignored():
    first = Sleeper()
    with chance(65535):
        for now in (0, 1000, 3000):
            first.wake(now, BUSY)
        other = Sleeper(section={"sn": "sn-2"})
        other.port.kept = first.port.kept
        assert other.wake(3001, BUSY).at == 3001 + 5


def test_garbage_in_memory_is_ignored():
    sleeper = Sleeper()
    with chance(65535):
        sleeper.wake(NOW, BUSY)
        good = sleeper.port.kept
        bad = [good[:size] for size in range(len(good))]
        bad += [b"\0" * len(good), b"\xff" * len(good), b"ENS\x02" + good[4:], b"ENR" + good[3:], b"x" * 2048]
        bad += [good[1:] + b"\0", b"\0" + good[:-1]]
        for kept in bad:
            fresh = Sleeper()
            fresh.port.kept = kept
            assert fresh.wake(NOW + 1, BUSY).at == NOW + 6, kept


def test_memory_with_more_in_it_than_the_schedule_is_ignored():
    """Then it belongs to an application, or to a later version."""
    sleeper = Sleeper()
    with chance(65535):
        sleeper.wake(NOW, BUSY)
        sleeper.port.kept += b"mine"
        assert sleeper.wake(NOW + 1, BUSY).at == NOW + 6


def test_a_flipped_bit_in_memory_stops_it_for_little_more_than_two_days():
    sleeper = Sleeper()
    sleeper.wake(NOW, BUSY)
    good = sleeper.port.kept
    for at in range(len(good) * 8):
        kept = bytearray(good)
        kept[at // 8] ^= 1 << at % 8
        sleeper.port.kept = bytes(kept)
        action = sleeper.wake(NOW, BUSY, BUSY)
        assert NOW < action.at <= NOW + 180000, at


def test_a_time_that_is_further_away_than_any_wait_counts_as_due():
    sleeper = Sleeper()
    due = sleeper.wake(NOW, BUSY).at
    assert sleeper.wake(due - 180000).name == "wait" and sleeper.asked == 1
    assert sleeper.wake(due - 180001, (201, GOOD["xyte"])).name == "registered"


def test_a_clock_that_was_set_back_makes_it_try_at_once():
    for back in (10 * 365 * DAY, 3 * DAY):
        sleeper = Sleeper()
        sleeper.wake(NOW, BUSY)
        assert sleeper.wake(NOW - back, (201, GOOD["xyte"])).name == "registered"


def test_a_clock_that_was_set_back_a_little_is_waited_for_and_no_longer():
    sleeper = Sleeper()
    at = sleeper.wake(NOW, BUSY).at
    assert sleeper.wake(NOW - 3600).at == at
    assert sleeper.wake(at, (201, GOOD["xyte"])).name == "registered"


class Timed(Board):
    """A board with a clock, which the attempt sets; `time` is in Unix seconds."""

    def __init__(self, time):
        super().__init__()
        self.time = time

    def set_clock(self, unix):
        super().set_clock(unix)
        self.time = unix


def timed(time, *answers, right=NOW):
    """A device whose board's clock said `time` until an attempt, at `right`, has set it; and that attempt's Action."""
    sleeper = Sleeper(board=lambda: Timed(time))
    sleeper.port.now = right
    sleeper.clock = Fake(time=lambda: sleeper.port.time, gmtime=lambda seconds: (1970,))
    with patched(calendar, time=sleeper.clock):
        return sleeper, sleeper.wake(time, *answers)


def test_a_schedule_is_obeyed_though_the_attempt_has_set_the_clock():
    """A cold boot counts from 0 until the first attempt has set the clock, decades ahead, or hours, or back."""
    for time in (3, NOW - 20 * 365 * DAY, NOW - 3600, NOW + 3600, NOW + DAY, NOW + 365 * DAY):
        with chance(65535):
            sleeper, action = timed(time, NO)
            assert action.at == time + 900
            for now in (NOW + 1, NOW + 899):
                sleeper.port.time = now
                with patched(calendar, time=sleeper.clock):
                    again = sleeper.wake(now)
                    assert again.name == "wait" and again.at == NOW + 900, (time, again.at)
            assert sleeper.asked == 1
            with patched(calendar, time=sleeper.clock):
                assert sleeper.wake(NOW + 900, (201, GOOD["xyte"])).name == "registered"


def test_a_schedule_on_another_clock_than_the_boards_is_obeyed_too():
    for start in (0, 1000, 5000000):
        with chance(65535):
            sleeper = Sleeper(board=lambda: Timed(3))
            clock = Fake(time=lambda board=sleeper.port: board.time, gmtime=lambda seconds: (1970,))
            with patched(calendar, time=clock):
                assert sleeper.wake(start, NO).at == start + 900
                assert sleeper.wake(start + 899).at == start + 900 and sleeper.asked == 1
                assert sleeper.wake(start + 900, (201, GOOD["xyte"])).name == "registered"


def test_a_board_whose_memory_does_not_last_spreads_its_attempts_over_the_whole_cap():
    for board in (Forgetful, Bare):
        for cap, part, seconds in ((900, 65535, 900), (900, 32768, 451), (900, 0, 1), (DAY, 32768, DAY // 2 + 1)):
            with chance(part):
                sleeper = Sleeper(board=board, retry={"first": 1, "cap": cap})
                assert sleeper.wake(NOW, BUSY).at == NOW + seconds
                assert sleeper.wake(NOW + 2, BUSY).at == NOW + 2 + seconds, "each wake is like the first"


class Bare:
    """A board's port without `memory`."""

    def __init__(self):
        board = Board()
        for name in ("identity", "connect", "set_clock", "feed", "sleep", "store"):
            setattr(self, name, getattr(board, name))


def test_a_board_without_memory_that_stays_awake_keeps_its_schedule_in_the_enroller():
    device = Device("xyte")
    service = Service(BUSY, (201, GOOD["xyte"]))
    it = Enroller(device.it, Forgetful(), request=service)
    at = it.step(NOW).at
    assert it.step(at - 1).at == at and len(service.requests) == 1
    assert it.step(at).name == "registered"
    it.close()


def test_what_the_server_asks_for_is_obeyed_over_sleep():
    for asked in (7, 3600, DAY):
        sleeper = Sleeper()
        start = 1000.9  # of a clock that began when power came; a float of 32 bits holds no more
        at = sleeper.wake(start, (503, b"", {"Retry-After": str(asked)})).at
        assert start + asked <= at <= start + asked + min(asked, 900) + 2
        assert sleeper.wake(at - 1).at == at and sleeper.asked == 1
        assert sleeper.wake(at, (201, GOOD["xyte"])).name == "registered"


def test_the_longest_wait_there_is_is_not_taken_for_a_clock_that_was_set_back():
    sleeper = Sleeper(retry={"first": DAY, "cap": DAY})
    with chance(65535):
        at = sleeper.wake(NOW, (503, b"", {"Retry-After": "999999999"})).at
    assert at > NOW + DAY + DAY - 10
    assert sleeper.wake(NOW).at == at and sleeper.asked == 1


def test_failures_in_a_row_cost_no_flash():
    for provider in ("etherfax", "xyte", "ickstream", "centagate"):
        for answer in (BUSY, OSError(104, "reset"), NO):
            sleeper = Sleeper(provider)
            now = sleeper.wake(NOW, answer).at
            now = sleeper.wake(now, answer).at
            before = sleeper.port.saves
            for _ in range(20):
                now = sleeper.wake(now, answer).at
            assert sleeper.asked == 22 and sleeper.port.saves == before <= 2, (provider, sleeper.port.saves)


def test_times_are_whole_numbers_that_a_float_of_32_bits_could_not_hold():
    for now in (1795000001, 1000.5, 4102444799, 16777217):
        sleeper = Sleeper()
        with chance(30000):
            at = sleeper.wake(now, BUSY).at
            assert isinstance(at, int) and 0 < at - now <= 5, (now, at)
            again = sleeper.wake(now)
            assert isinstance(again.at, int) and again.at == at
            assert sleeper.wake(at - 1).at == at and sleeper.wake(at, (201, GOOD["xyte"])).at == at


def test_what_is_kept_is_small_and_tells_nothing():
    sleeper = Sleeper()
    sleeper.wake(NOW, BUSY)
    assert len(sleeper.port.kept) <= 32 and b"canary" not in sleeper.port.kept and b"sn-1" not in sleeper.port.kept


def test_an_error_that_only_a_person_can_fix_is_raised_at_each_wake():
    sleeper = Sleeper("ickstream", section={"registration_token": None})
    for now in (NOW, NOW + 1):
        try:
            sleeper.wake(now)
            raise AssertionError("not raised")
        except EnrollError as error:
            assert error.kind == "configuration"
    assert sleeper.asked == 0


def test_thirty_two_thousand_failures_later_it_still_tries():
    sleeper = Sleeper()
    sleeper.wake(NOW, BUSY)
    now = NOW
    kept = bytearray(sleeper.port.kept)
    kept[8:10] = b"\xff\x7f"
    sleeper.port.kept = bytes(kept)
    for _ in range(3):
        now = sleeper.wake(now + 1000, BUSY).at
    assert sleeper.asked == 4 and sleeper.wake(now, (201, GOOD["xyte"])).name == "registered"


def test_a_registered_device_leaves_its_memory_to_its_application():
    """One that has nothing of ours is not written, and so not erased at every wake."""
    sleeper = Sleeper()
    sleeper.wake(NOW, (201, GOOD["xyte"]))
    sleeper.port.kept = b"what an application keeps there"
    assert sleeper.wake(NOW + 1).name == "registered"
    assert sleeper.port.kept == b"what an application keeps there"
