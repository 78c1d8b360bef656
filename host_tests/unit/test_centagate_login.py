"""Centagate's login on the device: its configuration, what it signs and sends, and the outcome of each refusal."""

import json

from answers import GOOD
from enroll.config import Secret
from enroll.enroller import Enroller
from enroll.hmac import hmac_sha256
from enroll.journal import REFUSED, TRIED
from fake_device import NOW, Device, Port
from helpers import LEFT_OUT, config, raises
from install import installed
from wire import Net

LOGIN = {"password": "word-canary", "integration_key": "key-canary", "secret_key": "sign-canary"}
SECTION = {"cen_token": LEFT_OUT, "login": LOGIN}
SESSION = {"authToken": "auth-canary", "secretCode": "code-canary"}
IN = (200, {"code": 0, "message": "Success", "object": SESSION})
DONE = (200, GOOD["centagate"])


def device():
    return Device("centagate", SECTION)


def requests(it):
    """(method, path, JSON) of each request of a Device's last boot."""
    sent = it.service.requests
    return [(method, url.replace("http://localhost/api", ""), json.loads(more["data"])) for method, url, more in sent]


def test_exactly_one_way_to_sign_is_wanted():
    pair = {"auth_token": "a-canary", "secret_code": "s-canary"}
    token = {"cen_token": "ab" * 32}
    none = {"cen_token": LEFT_OUT}
    for good in (dict(none, **pair), token, dict(none, login=LOGIN), dict(token, login=None), dict(token, login={})):
        config("centagate", good)
    for wrong in (
        none,
        dict(none, login={}),
        dict(none, auth_token="a-canary"),
        dict(none, secret_code="s-canary"),
        dict(token, **pair),
        dict(token, login=LOGIN),
        dict(none, login=LOGIN, **pair),
        dict(none, login=LOGIN, auth_token="a-canary"),
        dict(token, login=LOGIN, **pair),
    ):
        assert "centagate.cen_token" in str(raises("configuration", config, "centagate", wrong))


def test_mistakes_in_the_login_name_their_key():
    for key in LOGIN:
        for wrong in (None, "", " ", 7, "a\nb-canary", "\xe9"):
            error = raises("configuration", config, "centagate", dict(SECTION, login=dict(LOGIN, **{key: wrong})))
            assert "centagate.login." + key in str(error)
    error = raises("configuration", config, "centagate", dict(SECTION, login=dict(LOGIN, user="x")))
    assert "centagate.login.user" in str(error)
    for wrong in ("canary", [LOGIN], 7, True):
        assert "centagate.login" in str(raises("configuration", config, "centagate", dict(SECTION, login=wrong)))


def test_what_the_login_needs_is_never_printed():
    it = config("centagate", SECTION)
    assert all([isinstance(it.section["login"][key], Secret) for key in LOGIN])
    assert "canary" not in str(it.section) + repr(it.section)
    for _ in range(2):
        it.complete({})  # as an Enroller does: a section that was checked is checked again
    assert it.section["login"]["password"].reveal() == "word-canary"


def test_it_logs_in_and_binds_with_two_requests():
    it = device()
    assert it.boot(IN, DONE).name == "registered"
    (first, where, login), (second, there, body) = requests(it)
    assert (first, where) == ("POST", "/auth/authBasic")
    assert (second, there) == ("PUT", "/token/registerActiveToken/admin")
    assert login.pop("hmac") == hmac_sha256(b"sign-canary", b"adminword-canarykey-canary%d" % NOW)
    assert login == {
        "username": "admin",
        "password": "word-canary",
        "integrationKey": "key-canary",
        "unixTimestamp": str(NOW),
        "supportFido": "",
        "ipAddress": "",
        "userAgent": "",
        "browserFp": "",
    }
    assert body["cenToken"] == hmac_sha256(b"code-canary", b"adminauth-canary")
    for _, _, more in it.service.requests:
        assert more["headers"]["Accept"] == "application/json"
        assert more["headers"]["Content-Type"].startswith("application/json")
    assert it.port.connected == 1 and it.boot().name == "registered" and not it.service.requests


def test_the_signature_is_of_published_arithmetic():
    """Computed by another program: openssl dgst -sha256 -hmac."""
    assert hmac_sha256(b"key", b"The quick brown fox jumps over the lazy dog") == (
        "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    )


def test_the_time_it_signs_is_the_one_of_the_clock():
    for now in (NOW + 1, 2147483648, 2500000000):
        it = device()
        port = Port()
        port.now = now
        it.boot(IN, DONE, port=port)
        assert requests(it)[0][2]["unixTimestamp"] == str(now)


def test_the_session_may_come_as_text():
    it = device()
    answer = {"code": "0", "object": json.dumps(SESSION)}
    assert it.boot((200, answer), (200, {"code": "0", "object": json.dumps({"boundUser": "user-1"})})).credential
    assert requests(it)[1][2]["cenToken"] == hmac_sha256(b"code-canary", b"adminauth-canary")


def test_a_login_that_is_refused_is_asked_again_slowly():
    for code in (23001, 23022, 23023, 23020, 10001):
        for spelled in (code, str(code)):
            it = device()
            action = it.refused("refused", (200, {"code": spelled, "object": ""}))
            assert str(code) in str(action.error) and action.error.said
            assert 450 <= action.at <= 901 and len(it.service.requests) == 1
            assert it.boot(IN, DONE).name == "registered"


def test_other_refusals_have_their_kinds_and_none_ends_the_attempts():
    for code, kind in ((10002, "configuration"), (10003, "server"), (10004, "server"), (23024, "configuration")):
        it = device()
        it.refused(kind, (200, {"code": code}))
        assert len(it.service.requests) == 1
    for status, kind in ((503, "server"), (403, "refused"), (404, "configuration")):
        device().refused(kind, (status, b""))


def test_a_busy_login_says_when_to_come_back():
    for answer in ((503, b""), (200, {"code": 10004})):
        action = device().refused("server", answer + ({"Retry-After": "4000"},))
        assert action.error.retry_after == 4000 and 4000 <= action.at <= 4901


def test_an_answer_without_a_session_is_not_understood():
    for answer in ({"code": 0, "object": ""}, {"code": 0, "object": {"authToken": "a"}}, {"code": 0}, {}, [1]):
        it = device()
        it.refused("answer", (200, answer))
        assert len(it.service.requests) == 1
    for wrong in ("a\nb", "", 7, None):
        it = device()
        it.refused("answer", (200, {"code": 0, "object": dict(SESSION, secretCode=wrong)}))


def test_nothing_is_written_before_the_request_that_binds():
    """After a failed login the token is certainly not bound: 29008 is a refusal then."""
    for answer in (OSError(104, "reset"), (503, b""), (200, {"code": 23001})):
        it = device()
        it.boot(answer)
        assert it.state() == 0, answer
        it.refused("refused", IN, (200, {"code": 29008}))
        assert it.state() == REFUSED
    it = device()
    it.refused("network", IN, OSError(104, "reset"))
    assert it.state() == TRIED
    assert it.boot(IN, (200, {"code": 29008})).name == "registered", "the lost one got through"


def test_every_attempt_logs_in_again():
    it = device()
    it.refused("refused", IN, (200, {"code": 29001}))
    it.refused("network", IN, OSError(104, "reset"))
    later = (200, {"code": 0, "object": {"authToken": "b-canary", "secretCode": "d-canary"}})
    it.boot(later, DONE)
    assert requests(it)[1][2]["cenToken"] == hmac_sha256(b"d-canary", b"adminb-canary")


def test_a_session_that_is_cut_on_its_way_is_lost_and_not_misunderstood():
    """It is asked for again soon, as after any other cut."""
    for piece in (b"", b'{"code": 0, "object": {"authTo'):
        it = device()
        net = Net(lambda request, piece=piece: b"HTTP/1.1 200 X\r\nContent-Length: 900\r\n\r\n" + piece)
        with installed(net):
            action = Enroller(it.it, Port()).step(0)
        assert action.error.kind == "network" and action.at <= 6, action.error
        assert it.state() == 0 and len(net.requests) == 1 and not net.hosts()
