"""Azure's own clients: keys, tokens and requests."""

import base64

from enroll.hmac import hmac_sha256


def test_our_hmac_signs_as_their_sdk_does(ask_python):
    messages = ["", "a", "sn-007-888-abc", "x" * 1000]
    for length in (1, 32, 64, 65, 200):
        key = bytes(range(length))
        ours = [base64.b64encode(bytes.fromhex(hmac_sha256(key, it.encode()))).decode() for it in messages]
        assert ours == ask_python("azure_sign.py", key=base64.b64encode(key).decode(), messages=messages)
