"""What went wrong in TLS, in words. It is only imported when something has."""

import gc

from .errors import EnrollError

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_CERTIFICATE = const(6000)  # bytes that one certificate takes at most
_BUFFERS = const(16000)  # bytes: TLS that has taken more than these from this heap has its buffers there
_HANDSHAKE = const(36000)  # bytes that TLS takes at most, the handshake included (see boards/*/board.py)
_ALERT = const(0x7780)  # mbedTLS: the other side has ended it by an alert
# mbedTLS: "allocation failed" of X.509, DH, keys, EC, digests, ciphers and TLS, shifted by 7 bits
_SCARCE = const(b"\x51\x68\x7f\x9b\xa3\xc3\xfe")
_BAD = const((0x7100, 0x7680, 0x7A00))  # and of certificates: too long a message, no CA, not for this use


def unreadable(ca: str, count: int, log) -> None:
    """Tell `log` that TLS could not read certificate number `count` of the file `ca`.

    It says the same where there was no memory for it, which raises EnrollError("memory").
    """
    gc.collect()
    if gc.mem_free() < _CERTIFICATE:
        raise EnrollError("memory", "no heap for the certificates in %s" % ca)
    if log:
        log("certificate %d in %s is passed over: this TLS cannot read it" % (count, ca))


def explain(connection, error):
    """The error to raise for `error`, which TLS has raised: itself if the connection is what is wrong.

    mbedTLS says why it refuses a certificate in the text of a ValueError; everything else is an OSError of its negative
    codes (ssl.h, x509.h; what a lower layer said is in the last seven bits), or of an errno.
    """
    reason = str(error)
    code = 0
    scarce = False
    if isinstance(error, OSError):
        code = -error.args[0]
        reason = "is not one that this TLS takes, error %d" % -code
        if code < 0 and connection.known and not connection.left:  # in the handshake: it may have said why it hung up
            try:
                if connection.sock.recv(1) == b"\x15":
                    code = _ALERT
            except OSError:
                pass
        # of its big numbers mbedTLS says "allocation failed" by what reads as EBUSY
        scarce = code in (-12, -16) or (code > 0 and (code >> 7 in _SCARCE or code & 127 in (16, 106)))
    elif "unacceptable" in reason:
        reason = "has a key or a signature that is not safe any more"
    elif "sign" in reason:
        reason = "is not signed by the CA in `ca`"
    elif "CN" in reason:
        reason = "is for another host"
    elif "valid" in reason:
        reason = "has expired or is not valid yet, if the clock is right"
    bad = not code or 0x2080 <= code < 0x5000 or code in _BAD
    if connection.taken > _BUFFERS and bad:  # what was read is made of nothing where heap was missing
        gc.collect()
        scarce = scarce or gc.mem_free() < _HANDSHAKE
    if scarce:
        return EnrollError("memory", "TLS did not find all the heap that it takes, %d bytes are free" % gc.mem_free())
    if code == _ALERT and connection.known:
        connection.left = False  # for nothing: with TLS 1.3 the server says so only now
        fact = "%s ended TLS, it seems to want a client certificate: use an address that wants none"
        return EnrollError("certificate", fact % connection.host)
    if bad:
        return EnrollError("certificate", "the certificate of %s %s" % (connection.host, reason))
    return error


def useless(ca: str, error: OSError | None = None) -> EnrollError:
    """The file `ca` holds no certificate that this TLS can read, or cannot be read itself because of `error`."""
    if error:
        return EnrollError("configuration", "`ca` in enroll.json, %s, cannot be read" % ca, error)
    return EnrollError("configuration", "no certificate that TLS can read in %s: `ca` wants PEM or DER" % ca)
