"""SNTP answers: which are accepted, ignored or refused."""

from enroll.calendar import days
from enroll.clock import parse
from enroll.httpdate import iso_date
from helpers import raises

NONCE = bytes(range(1, 9))

EARLIEST = iso_date("2026-01-01")

TODAY = iso_date("2026-11-20") + 12345

NTP_EPOCH = 2208988800  # seconds from 1900 to 1970


def packet(unix=TODAY, nonce=NONCE, leap=0, version=4, mode=4, stratum=2, transmit=None):
    """An answer of a server whose clock stands at `unix`."""
    answer = bytearray(48)
    answer[0] = leap << 6 | version << 3 | mode
    answer[1] = stratum
    answer[24:32] = nonce
    answer[40:44] = ((unix + NTP_EPOCH) & 0xFFFFFFFF).to_bytes(4, "big")
    answer[44] = 0x80
    if transmit is not None:
        answer[40:48] = transmit
    return bytes(answer)


def test_a_good_answer():
    assert parse(packet(), NONCE, EARLIEST) == TODAY


def test_every_usable_stratum_version_and_leap_indicator():
    for stratum in (1, 15):
        assert parse(packet(stratum=stratum), NONCE, EARLIEST) == TODAY
    for version in (3, 4):
        assert parse(packet(version=version), NONCE, EARLIEST) == TODAY
    for leap in (0, 1, 2):
        assert parse(packet(leap=leap), NONCE, EARLIEST) == TODAY


def test_an_answer_with_an_extension_behind_it():
    assert parse(packet() + bytes(20), NONCE, EARLIEST) == TODAY


def test_wrong_origin_timestamp_is_ignored():
    assert parse(packet(nonce=bytes(8)), NONCE, EARLIEST) is None
    assert parse(packet(nonce=NONCE[:7] + b"\x00"), NONCE, EARLIEST) is None


def test_wrong_mode_is_ignored():
    for mode in (0, 1, 2, 3, 5, 6, 7):
        assert parse(packet(mode=mode), NONCE, EARLIEST) is None


def test_short_packet_is_ignored():
    for size in range(48):
        assert parse(packet()[:size], NONCE, EARLIEST) is None


def test_kiss_of_death_is_refused():
    raises("clock", parse, packet(stratum=0), NONCE, EARLIEST)


def test_unsynchronised_stratum_is_refused():
    raises("clock", parse, packet(stratum=16), NONCE, EARLIEST)
    raises("clock", parse, packet(stratum=255), NONCE, EARLIEST)


def test_unsynchronised_leap_indicator_is_refused():
    raises("clock", parse, packet(leap=3), NONCE, EARLIEST)


def test_zero_transmit_timestamp_is_refused():
    for fraction in (bytes(4), b"\0\0\0\1", b"\x80\0\0\0", b"\xff" * 4):
        raises("clock", parse, packet(transmit=bytes(4) + fraction), NONCE, EARLIEST)


def test_time_before_earliest_is_refused():
    raises("clock", parse, packet(EARLIEST - 1), NONCE, EARLIEST)
    assert parse(packet(EARLIEST), NONCE, EARLIEST) == EARLIEST


def test_1970_and_2000_are_refused():
    raises("clock", parse, packet(0), NONCE, EARLIEST)
    raises("clock", parse, packet(iso_date("2000-01-01")), NONCE, EARLIEST)


def test_the_far_future_is_refused():
    raises("clock", parse, packet(days(2080, 0, 1) * 86400), NONCE, EARLIEST)


def test_roll_over_of_2036():
    for unix in (2**32 - NTP_EPOCH - 1, 2**32 - NTP_EPOCH + 1, days(2036, 1, 8) * 86400, days(2050, 0, 1) * 86400):
        assert parse(packet(unix), NONCE, EARLIEST) == unix


def test_a_floor_after_the_roll_over():
    unix = days(2045, 5, 1) * 86400
    assert parse(packet(unix), NONCE, iso_date("2040-01-01")) == unix
    raises("clock", parse, packet(TODAY), NONCE, iso_date("2040-01-01"))


def test_a_floor_in_the_past_lets_the_past_through():
    unix = iso_date("2017-02-02")
    assert parse(packet(unix), NONCE, iso_date("2017-01-01")) == unix
