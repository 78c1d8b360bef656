"""Why a TLS handshake failed, in words for the person whose device it was."""

from __future__ import annotations

import ssl

# By what the client's alert or OpenSSL says: (part of OpenSSL's reason, words). The first that fits counts.
_REASONS = (
    ("UNKNOWN_CA", "the client does not trust the CA: give it ca.der or ca.pem of this sandbox"),
    (
        "CERTIFICATE_EXPIRED",
        "the certificate is expired, or not valid yet, by the client's clock: compare it with the sandbox's time",
    ),
    (
        "BAD_CERTIFICATE",
        "the client refuses the certificate: most often it does not hold the name or address that the client called,"
        " or the client's clock is wrong",
    ),
    (
        "CERTIFICATE_UNKNOWN",
        "the client refuses the certificate: give it this sandbox's CA, and compare its clock and the name it called",
    ),
    ("UNRECOGNIZED_NAME", "the certificate does not hold the name that the client called: name it with --name"),
    ("UNSUPPORTED_CERTIFICATE", "the client does not know this kind of certificate: serve with --rsa"),
    ("ACCESS_DENIED", "the client refuses the certificate"),
    ("HTTP_REQUEST", "the client speaks HTTP without TLS here: call https://, or the http port"),
    ("HTTPS_PROXY_REQUEST", "the client takes this for a proxy: call it directly"),
    ("WRONG_VERSION_NUMBER", "the client does not speak TLS here: call https://, or another port"),
    ("UNSUPPORTED_PROTOCOL", "the client's version of TLS is too old: TLS 1.2 is needed"),
    ("PROTOCOL_VERSION", "the client wants a version of TLS that the sandbox does not have: it has 1.2 and 1.3"),
    ("NO_SHARED_CIPHER", "client and sandbox have no cipher in common: try --rsa"),
    ("HANDSHAKE_FAILURE", "the client found no cipher or curve in common with the sandbox: try --rsa"),
    ("INTERNAL_ERROR", "the client had an error of its own, most often no memory"),
    ("RECORD_LAYER", "the client does not speak TLS here: call https://, or another port"),
    ("PACKET_LENGTH", "the client does not speak TLS here: call https://, or another port"),
    ("UNEXPECTED_MESSAGE", "the client does not speak TLS here: call https://, or another port"),
)
CLOSED = "the client closed the connection in the middle of the handshake: it may refuse the certificate"


def reason(error: BaseException, limit: float) -> str:
    """Why the handshake ended with this error, and what to do."""
    # asyncio says only by its words that the time was over.
    if isinstance(error, TimeoutError) or "longer than" in str(error):
        return f"the client did not finish the handshake within {limit:g} s: it is silent, or too slow"
    if not isinstance(error, ssl.SSLError):
        return CLOSED
    said = (error.reason or str(error)).upper().replace(" ", "_")
    words = next((words for part, words in _REASONS if part in said), "see OpenSSL's word for it")
    return f"{words} ({said})"
