"""HMAC, against published vectors."""

from enroll.hmac import hmac_sha256


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
