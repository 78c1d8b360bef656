"""HMAC-SHA256 for providers that sign. Needs only `hashlib`."""

import hashlib


def hmac_sha256(key: bytes, *message: bytes) -> str:
    """The HMAC-SHA256 (RFC 2104) of the joined parts of `message` under `key`, in lower-case hex."""
    if len(key) > 64:
        key = hashlib.sha256(key).digest()
    key = key + bytes(64 - len(key))
    data = b"".join(message)
    for pad in (0x36, 0x5C):
        block = bytearray(key)
        for at in range(64):
            block[at] ^= pad
        data = hashlib.sha256(block + data).digest()
    return data.hex()
