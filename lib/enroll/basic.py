"""HTTP Basic authentication."""

from binascii import b2a_base64


def basic(name: str, secret: str) -> str:
    """The value of the Authorization header for HTTP Basic (RFC 7617)."""
    return str(b"Basic " + b2a_base64(bytes(name + ":" + secret, "utf-8")), "utf-8").rstrip()
