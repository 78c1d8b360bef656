"""Tokens, against published vectors."""

from enroll.calendar import days
from enroll.digest import basic, etherfax_token, hexmd5
from enroll.hmac import hmac_sha256
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
    assert etherfax_token(SERIAL, MIDNIGHT) == TOKEN


def test_etherfax_token_holds_from_midnight_to_midnight_utc():
    assert etherfax_token(SERIAL, MIDNIGHT + 1) == TOKEN
    assert etherfax_token(SERIAL, MIDNIGHT + 86399) == TOKEN
    assert etherfax_token(SERIAL, MIDNIGHT - 1) != TOKEN
    assert etherfax_token(SERIAL, MIDNIGHT + 86400) != TOKEN


def test_etherfax_token_of_the_first_and_last_days_of_years():
    for date, text in (
        ((2017, 0, 1), "0117:00:%s.000"),
        ((2017, 11, 31), "0117:11:%s.364"),
        ((2016, 11, 31), "0116:11:%s.365"),
        ((2000, 1, 29), "0100:01:%s.059"),
        ((2099, 11, 31), "0199:11:%s.364"),
    ):
        unix = days(*date) * 86400
        assert etherfax_token(SERIAL, unix) == hexmd5(text % hexmd5(SERIAL))
        assert etherfax_token(SERIAL, unix + 86399) == hexmd5(text % hexmd5(SERIAL))


def test_utc_offset_moves_the_date_across_both_edges_of_a_day():
    assert etherfax_token(SERIAL, MIDNIGHT - 1, 1) == TOKEN
    assert etherfax_token(SERIAL, MIDNIGHT - 3600, 1) == TOKEN
    assert etherfax_token(SERIAL, MIDNIGHT - 3601, 1) != TOKEN
    assert etherfax_token(SERIAL, MIDNIGHT + 86400, -1) == TOKEN
    assert etherfax_token(SERIAL, MIDNIGHT + 86400 + 3599, -1) == TOKEN
    assert etherfax_token(SERIAL, MIDNIGHT + 86400 + 3600, -1) != TOKEN
    assert etherfax_token(SERIAL, MIDNIGHT + 3599, -1) != TOKEN


def test_utc_offset_of_half_and_quarter_hours():
    assert etherfax_token(SERIAL, MIDNIGHT - 19800, 5.5) == TOKEN
    assert etherfax_token(SERIAL, MIDNIGHT - 19801, 5.5) != TOKEN
    assert etherfax_token(SERIAL, MIDNIGHT + 86400 + 12599, -3.5) == TOKEN
    assert etherfax_token(SERIAL, MIDNIGHT - 20700, 5.75) == TOKEN


def test_hmac_of_the_rfc_4231_cases():
    for key, data, digest in (
        (b"\x0b" * 20, b"Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        (b"Jefe", b"what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (b"\xaa" * 20, b"\xdd" * 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        (bytes(range(1, 26)), b"\xcd" * 50, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        (
            b"\xaa" * 131,
            b"Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            b"\xaa" * 131,
            b"This is a test using a larger than block-size key and a larger than block-size data. "
            b"The key needs to be hashed before being used by the HMAC algorithm.",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
    ):
        assert hmac_sha256(key, data) == digest


def test_hmac_of_rfc_4231_case_5_whose_answer_is_cut_short():
    assert hmac_sha256(b"\x0c" * 20, b"Test With Truncation")[:32] == "a3b6167473100ee06e0c796c2955552b"


def test_hmac_keys_of_a_block_and_a_byte_more():
    # from CPython's hmac module
    for size, digest in (
        (63, "e27efa30bcbfbc25b4d936ffd8553392f398eb2edada1dac2423a961af0c305b"),
        (64, "890f3a16e0ca0aaa3bf180f70fa8e3970b3fd6505e98fde157988dcc19d1685c"),
        (65, "0c256505306af48015530c139bb7add5ad7a6a9291cd511278a067e765816fbd"),
        (0, "eb08c1f56d5ddee07f7bdf80468083da06b64cf4fac64fe3a90883df5feacae4"),
    ):
        assert hmac_sha256(b"k" * size, b"message") == digest


def test_hmac_of_parts_is_that_of_the_whole():
    assert hmac_sha256(b"key", b"admin", b"token") == hmac_sha256(b"key", b"admintoken")
    assert hmac_sha256(b"key", b"", b"admintoken") == hmac_sha256(b"key", b"admintoken")
    assert hmac_sha256(b"key") == hmac_sha256(b"key", b"")


def test_basic_of_the_etherfax_vector():
    assert (
        basic("device/MT873615726", "54524a6421f1ddaf6781c79f9e176cfc")
        == "Basic ZGV2aWNlL01UODczNjE1NzI2OjU0NTI0YTY0MjFmMWRkYWY2NzgxYzc5ZjllMTc2Y2Zj"
    )


def test_basic_of_the_rfc_7617_examples():
    assert basic("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert basic("test", "123£") == "Basic dGVzdDoxMjPCow=="


def test_basic_of_a_long_password_is_one_line():
    assert "\n" not in basic("user", "p" * 200)


def test_firmware_without_md5_is_named_with_the_version_to_flash_before_any_packet():
    """RP2 has none before MicroPython 1.27."""
    from enroll.providers import etherfax

    with patched(etherfax, hashlib=Fake(sha256=None)):
        error = raises("configuration", config, "etherfax")
        assert "MD5" in str(error) and "flash MicroPython 1.28" in str(error)
        for provider in ("ickstream", "xyte", "centagate"):
            config(provider)
