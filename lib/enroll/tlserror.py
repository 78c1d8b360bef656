"""Failures of TLS, in words. Loaded only after one."""

import gc

from .errors import EnrollError

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_ANOTHER = const("the server needs another certificate")
_CERTIFICATE = const(6000)  # bytes of heap that loading one certificate takes at most
_BUFFERS = const(16000)  # bytes: if TLS took more than this from our heap, its buffers are there
_HANDSHAKE = const(36000)  # bytes of heap that TLS takes at most, with the handshake (see boards/*/board.py)
_ALERT = const(0x7780)  # mbedTLS: the other side sent a fatal alert
# mbedTLS's codes "allocation failed" of X.509, DH, keys, EC, digests, ciphers and TLS, without the low seven bits
_SCARCE = const(b"\x51\x68\x7f\x9b\xa3\xc3\xfe")
_NOT_VERIFIED = const(0x2700)  # mbedTLS could not verify the certificate: `ca` may be the cause
_BAD = const((0x7100, 0x7680, 0x7A00))  # mbedTLS's other codes for certificates: message too long, no CA, wrong use


def unreadable(ca: str, count: int, log) -> None:
    """Tell `log` that TLS could not read certificate number `count` of the file `ca`.

    Raises EnrollError("memory") if the heap is nearly full: TLS reports that in the same way.
    """
    gc.collect()
    if gc.mem_free() < _CERTIFICATE:
        raise EnrollError("memory", "no heap for the certificates in %s" % ca)
    if log:
        log("skipped certificate %d in %s: this TLS cannot read it" % (count, ca))


def explain(connection, error):
    """The exception to raise for `error`, which TLS raised; `error` itself if the connection failed.

    A ValueError of mbedTLS says in its text why it refuses a certificate. Everything else is an OSError with a negative
    code of mbedTLS (ssl.h, x509.h; the low seven bits are a lower layer's) or with an errno.
    """
    reason = str(error)
    remedy = ""
    code = 0
    scarce = False
    if isinstance(error, OSError):
        try:
            code = -error.args[0]
        except (IndexError, TypeError):  # raised by a driver with a text, or with nothing
            code = -1
        reason = "is not supported by this TLS, error %d" % -code
        if code < 0 and connection.known and not connection.left:  # in the handshake: look for an alert
            try:
                if connection.sock.recv(1) == b"\x15":
                    code = _ALERT
            except OSError:
                pass
        # ENOMEM, EBUSY, or a code of a lower layer: 16 is mbedTLS's "allocation failed" of big numbers, 106 of ASN.1
        scarce = code in (-12, -16) or (code > 0 and (code >> 7 in _SCARCE or code & 127 in (16, 106)))
        if code != _NOT_VERIFIED:
            remedy = _ANOTHER
    elif "unacceptable" in reason:
        reason = "has a key or signature that is no longer safe"
        remedy = _ANOTHER
    elif "sign" in reason:
        reason = "is not signed by the CA in `ca`"
    elif "CN" in reason:
        reason = "is for another host"
    elif "valid" in reason:
        reason = "has expired or is not valid yet, if the clock is right"
    bad = not code or 0x2080 <= code < 0x5000 or code in _BAD
    if connection.taken > _BUFFERS and bad:  # without heap mbedTLS misreads a good certificate
        gc.collect()
        scarce = scarce or gc.mem_free() < _HANDSHAKE
    if scarce:
        return EnrollError("memory", "not enough heap for TLS, %d bytes are free" % gc.mem_free())
    if code == _ALERT and connection.known:
        connection.left = False  # the server ignored the request: with TLS 1.3 its alert comes only after that
        fact = "%s seems to require a client certificate" % connection.host
        return EnrollError("certificate", fact, "use an address that does not")
    if code == _ALERT and connection.left is False:  # before the certificate: no version, cipher or key in common
        fact = "%s refuses the TLS of this device, error %d" % (connection.host, -code)
        return EnrollError("network", fact, "the server must offer TLS 1.2 with AES and a key of RSA or ECDSA")
    if bad:
        return EnrollError("certificate", "the certificate of %s %s" % (connection.host, reason), remedy)
    return error


def useless(ca: str, error: OSError | None = None) -> EnrollError:
    """What to raise if the file `ca` has no certificate that this TLS can read, or if opening it raised `error`."""
    if error:
        return EnrollError("configuration", "cannot read %s, which `ca` names" % ca, error=error)
    return EnrollError("configuration", "no certificate that TLS can read in %s" % ca, "`ca` must be PEM or DER")
