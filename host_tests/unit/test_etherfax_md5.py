"""etherFAX's token, against published vectors."""

from enroll.calendar import days
from enroll.providers.etherfax.md5 import hexmd5, token
from helpers import Fake, config, patched, raises

SERIAL = "MT873615726"
MIDNIGHT = days(2017, 1, 2) * 86400
TOKEN = "414d6d04931da79f6d9925e0c30b85a3"


def test_md5_of_the_rfc_1321_suite():
    for text, digest in (
        ("", "d41d8cd98f00b204e9800998ecf8427e"),
        ("a", "0cc175b9c0f1b6a831c399e269772661"),
        ("abc", "900150983cd24fb0d6963f7d28e17f72"),
        ("message digest", "f96b697d7cb7938d525a2f31aaf161d0"),
        ("abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f"),
        ("1234567890" * 8, "57edf4a22be3c955ac49da2e2107b67a"),
    ):
        assert hexmd5(text) == digest


def test_etherfax_vector():
    assert hexmd5(SERIAL) == "3239f210aefade4a5de84cd018d18b44"
    assert hexmd5("0117:01:3239f210aefade4a5de84cd018d18b44.032") == TOKEN
    assert token(SERIAL, MIDNIGHT) == TOKEN


def test_etherfax_token_holds_from_midnight_to_midnight_utc():
    assert token(SERIAL, MIDNIGHT + 1) == TOKEN
    assert token(SERIAL, MIDNIGHT + 86399) == TOKEN
    assert token(SERIAL, MIDNIGHT - 1) != TOKEN
    assert token(SERIAL, MIDNIGHT + 86400) != TOKEN


def test_etherfax_token_of_the_first_and_last_days_of_years():
    for date, text in (
        ((2017, 0, 1), "0117:00:%s.000"),
        ((2017, 11, 31), "0117:11:%s.364"),
        ((2016, 11, 31), "0116:11:%s.365"),
        ((2000, 1, 29), "0100:01:%s.059"),
        ((2099, 11, 31), "0199:11:%s.364"),
    ):
        unix = days(*date) * 86400
        assert token(SERIAL, unix) == hexmd5(text % hexmd5(SERIAL))
        assert token(SERIAL, unix + 86399) == hexmd5(text % hexmd5(SERIAL))


def test_utc_offset_moves_the_date_across_both_edges_of_a_day():
    assert token(SERIAL, MIDNIGHT - 1, 1) == TOKEN
    assert token(SERIAL, MIDNIGHT - 3600, 1) == TOKEN
    assert token(SERIAL, MIDNIGHT - 3601, 1) != TOKEN
    assert token(SERIAL, MIDNIGHT + 86400, -1) == TOKEN
    assert token(SERIAL, MIDNIGHT + 86400 + 3599, -1) == TOKEN
    assert token(SERIAL, MIDNIGHT + 86400 + 3600, -1) != TOKEN
    assert token(SERIAL, MIDNIGHT + 3599, -1) != TOKEN


def test_utc_offset_of_half_and_quarter_hours():
    assert token(SERIAL, MIDNIGHT - 19800, 5.5) == TOKEN
    assert token(SERIAL, MIDNIGHT - 19801, 5.5) != TOKEN
    assert token(SERIAL, MIDNIGHT + 86400 + 12599, -3.5) == TOKEN
    assert token(SERIAL, MIDNIGHT - 20700, 5.75) == TOKEN


def test_firmware_without_md5_is_named_with_the_version_to_flash_before_any_packet():
    """RP2 firmware before MicroPython 1.27 has no MD5."""
    from enroll.providers import etherfax

    with patched(etherfax, hashlib=Fake(sha256=None)):
        error = raises("configuration", config, "etherfax")
        assert "MD5" in str(error) and "flash MicroPython 1.28" in str(error)
        for provider in ("ickstream", "xyte", "centagate"):
            config(provider)
