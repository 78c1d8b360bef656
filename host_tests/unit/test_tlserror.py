"""Names for mbedTLS's errors: a bad certificate, too little heap, or a broken connection."""

from enroll.errors import EnrollError
from enroll.tlserror import explain, unreadable, useless
from helpers import Fake


def explained(error, **more):
    """(kind of `error`, "" for itself; that error; the connection) in a handshake, before the request has left."""
    values = {"host": "host", "known": False, "left": False, "taken": 0, "sock": None}
    values.update(more)
    connection = Fake(**values)
    found = explain(connection, error)
    return (found.kind if isinstance(found, EnrollError) else "" if found is error else None), found, connection


def test_a_certificate_that_is_refused():
    for text, words in (("CN does not match", "another host"), ("not correctly signed", "not signed"), ("odd", "odd")):
        kind, found, _ = explained(ValueError(text))
        assert kind == "certificate" and words in str(found), text
    for code in (0x2080, 0x2700, 0x4FFF, 0x7100, 0x7680, 0x7A00):
        assert explained(OSError(-code))[0] == "certificate", hex(code)
    for error in (OSError(-0x2562), ValueError("unacceptable key")):  # neither `ca` nor the clock can help
        assert explained(error)[1].remedy == "the server needs another certificate"
    for error in (OSError(-0x2700), ValueError("not correctly signed")):
        assert "check `ca`" in explained(error)[1].remedy
    for code in (0x207F, 0x5000, 0x7A80):
        assert explained(OSError(-code))[0] == "", hex(code)


def test_heap_that_is_missing():
    for code in (0x2880, 0x3F80, 0x7F00, 0x10, 0x6A):
        assert explained(OSError(-code))[0] == "memory", hex(code)
    for number in (12, 16):  # ENOMEM, EBUSY
        assert explained(OSError(number))[0] == "memory", number


def test_a_server_that_hangs_up_with_an_alert_wants_a_client_certificate():
    for said, kind in ((b"\x15", "certificate"), (b"\x17", ""), (b"", "")):
        sock = Fake(recv=lambda size, said=said: said)
        found, error, _ = explained(OSError(104), known=True, sock=sock)
        assert found == kind and ("client certificate" in str(error)) == bool(kind)
    assert explained(OSError(104), known=True, left=True)[0] == ""
    kind, _, connection = explained(OSError(-0x7780), known=True, left=True)
    assert kind == "certificate" and not connection.left  # with TLS 1.3 the alert comes after the request, for nothing


def test_an_error_without_a_number_is_one_of_the_connection():
    """As drivers raise that are written in Python."""
    for error in (OSError(), OSError("modem is off")):
        assert explained(error)[0] == "" and explained(error, known=True, sock=Fake(recv=lambda size: b""))[0] == ""


def test_a_server_with_which_nothing_is_in_common():
    """Its alert comes instead of a certificate. On a kept connection it says nothing of the kind."""
    kind, error, _ = explained(OSError(-0x7780))
    assert kind == "network" and "host refuses" in str(error) and "-30592" in str(error) and "TLS 1.2" in error.remedy
    assert explained(OSError(-0x7780), left=None)[0] == explained(OSError(-0x7780), left=True)[0] == ""


def test_a_file_of_certificates_that_cannot_be_used():
    for error, words in ((None, "must be PEM or DER"), (OSError(2), "cannot read ca.der")):
        found = useless("ca.der", error)
        assert found.kind == "configuration" and words in str(found) and "ca.der" in str(found), found


def test_a_certificate_that_this_tls_cannot_read_is_named_in_the_log():
    lines = []
    unreadable("ca.der", 2, lines.append)
    assert lines == ["skipped certificate 2 in ca.der: this TLS cannot read it"]
