"""OAuth: the wire, the answers of people and servers, and power cuts."""

import json

from enroll.journal import KEPT
from enroll.providers.oauth import renewal
from enroll.steps import kept
from fake_device import NOW, Device
from fake_session import Registered
from helpers import Fake, config, raises

CODE = (200, {"device_code": "code-canary", "user_code": "WDJB-MJHT", "verification_uri": "https://x.test/device"})
TOKENS = {
    "access_token": "access-canary",
    "refresh_token": "refresh-canary",
    "token_type": "Bearer",
    "expires_in": 3600,
}
CLIENT = (201, {"client_id": "c-7", "client_secret": "secret-canary", "client_name": "board-1"})
DYNAMIC = {"client_id": None, "register_path": "/reg", "initial_token": "initial-canary"}


def no(error, status=400):
    return status, {"error": error}


PENDING = no("authorization_pending")


def sent(device, at=-1):
    """(path, {name: value}, headers) of a request with a form."""
    _, url, more = device.service.requests[at]
    pairs = [pair.split("=") for pair in more["data"].decode().split("&")]
    return url.replace("http://localhost/api", ""), dict(pairs), more["headers"]


def paths(device):
    return [url.replace("http://localhost/api", "") for _, url, _ in device.service.requests]


def test_a_person_approves_the_device():
    """RFC 8628, 3.1 and 3.4."""
    device = Device("oauth", {"scope": "a b"})
    credential = device.boot(CODE, PENDING, PENDING, (200, TOKENS)).credential
    assert sent(device, 0)[:2] == ("/device", {"client_id": "client-1", "scope": "a%20b"})
    path, form, headers = sent(device)
    assert path == "/token" and form == {
        "grant_type": "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code",
        "device_code": "code-canary",
        "client_id": "client-1",
    }
    assert headers == {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    assert sum(device.port.slept) == 10, "twice the interval that is 5 s where none is given"
    assert "approve this device: code WDJB-MJHT at https://x.test/device" in device.lines
    assert credential.device_id == "board-1" and credential.headers(0) == {"Authorization": "Bearer access-canary"}
    assert device.boot().name == "registered" and device.state() == KEPT, "the second boot asks nobody"
    assert "canary" not in str(credential.extra)


def test_the_interval_of_the_service_and_slow_down():
    """RFC 8628, 3.5: 5 s more from then on, after a reset too."""
    device = Device("oauth")
    code = (200, dict(CODE[1], interval=3))
    device.refused("network", code, PENDING, no("slow_down"), PENDING, OSError(104))
    assert sum(device.port.slept) == 3 + 8 + 8
    device.boot(PENDING, (200, TOKENS))
    assert sum(device.port.slept) == 8 and paths(device) == ["/token", "/token"], "the first one at once"


def test_intervals_that_are_none():
    for interval in (0, -5, None):
        device = Device("oauth")
        device.boot((200, dict(CODE[1], interval=interval)), PENDING, (200, TOKENS))
        assert sum(device.port.slept) in (1, 5)
    Device("oauth").refused("network", (200, dict(CODE[1], interval="soon")), PENDING)


def test_a_code_that_expires_or_is_used_up_makes_it_start_over():
    """The second happens where a power cut came after the answer with the tokens."""
    for error in ("expired_token", "invalid_grant"):
        device = Device("oauth")
        text = str(device.refused("server", CODE, PENDING, no(error)).error)
        assert "asks for another" in text, text
        assert device.boot(CODE, (200, TOKENS)).name == "registered" and paths(device)[0] == "/device"


def test_a_person_who_denies_is_asked_again_slowly():
    device = Device("oauth")
    action = device.refused("refused", CODE, no("access_denied"))
    assert "a person has denied it" in str(action.error) and action.at >= device.it.cap / 2
    assert device.boot(CODE, (200, TOKENS)).name == "registered" and paths(device)[0] == "/device"


def test_google():
    """verification_url, other statuses than 400, the secret in the body of the token request alone."""
    device = Device("oauth", {"google": True, "client_secret": "secret-canary"})
    code = dict(CODE[1], verification_url="https://g.test/device")
    del code["verification_uri"]
    device.boot((200, code), no("authorization_pending", 428), no("slow_down", 403), (200, TOKENS))
    assert "client_secret" not in sent(device, 0)[1] and sent(device)[1]["client_secret"] == "secret-canary"
    assert "Authorization" not in sent(device)[2] and sum(device.port.slept) == 5 + 10
    assert "approve this device: code WDJB-MJHT at https://g.test/device" in device.lines


def test_a_client_with_a_secret_authenticates_at_both_endpoints():
    """RFC 6749, 2.3.1: encoded as in a form, then in Base64."""
    device = Device("oauth", {"client_id": "a:b", "client_secret": "s%canary"})
    device.boot(CODE, (200, TOKENS))
    for at in (0, 1):
        assert sent(device, at)[2]["Authorization"] == "Basic YSUzQWI6cyUyNWNhbmFyeQ=="
        assert "client_secret" not in sent(device, at)[1]


def test_mistakes_in_the_configuration_are_named():
    for kind, error, word in (
        ("configuration", "invalid_client", "`client_secret`"),
        ("configuration", "invalid_scope", "`scope`"),
        ("configuration", "unauthorized_client", "device flow"),
        ("server", "temporarily_unavailable", "retry"),
    ):
        for answers in ((no(error),), (CODE, no(error, 401))):
            text = str(Device("oauth").refused(kind, *answers).error)
            assert error in text and word in text, text
    for section, key in (
        ({"client_id": None}, "client_id"),
        ({"token_path": "token"}, "token_path"),
        ({"device_path": "/a b"}, "device_path"),
        ({"device_path": None}, "device_path"),
        ({"register_path": "reg"}, "register_path"),
        ({"google": "yes"}, "google"),
        ({"api": "x"}, "api"),
        ({"metadata": []}, "metadata"),
    ):
        assert "`oauth.%s`" % key in str(raises("configuration", config, "oauth", section))


def test_what_is_no_answer_of_oauth_registers_nothing():
    for answers in (
        ((200, b""),),
        ((200, {"device_code": "a"}),),
        ((200, dict(CODE[1], user_code="a\nb")),),
        (CODE, (200, {})),
        (CODE, (200, {"access_token": 5})),
        (CODE, (200, {"access_token": "a b"})),
    ):
        Device("oauth").refused("answer", *answers)
    page = (200, b"<html>log in</html>")
    Device("oauth").refused("network", page)
    Device("oauth").refused("network", CODE, page)
    Device("oauth").refused("server", CODE, (503, b""))


def test_a_service_that_is_out_of_order_does_not_cost_the_code():
    device = Device("oauth")
    assert device.refused("server", CODE, (503, b"", {"Retry-After": "70"})).at >= 70
    device.boot((200, TOKENS))
    assert paths(device) == ["/token"]


# Dynamic registration.


def test_a_device_registers_a_client_of_its_own_once():
    device = Device("oauth", dict(DYNAMIC, metadata={"software_id": "s-1"}))
    device.refused("network", CLIENT, OSError(104))
    _, url, more = device.service.requests[0]
    body = json.loads(more["data"])
    assert url == "http://localhost/api/reg" and more["headers"]["Authorization"] == "Bearer initial-canary"
    assert body["grant_types"] == ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"]
    assert body["client_name"] == "board-1" and body["software_id"] == "s-1"
    assert body["token_endpoint_auth_method"] == "client_secret_basic"
    assert device.boot(CODE, (200, TOKENS)).name == "registered" and paths(device) == ["/device", "/token"]
    assert sent(device)[1]["client_id"] == "c-7"
    assert sent(device)[2]["Authorization"] == "Basic Yy03OnNlY3JldC1jYW5hcnk="


def test_a_client_without_a_secret():
    device = Device("oauth", DYNAMIC)
    device.boot((201, {"client_id": "c-7"}), CODE, (200, TOKENS))
    assert "Authorization" not in sent(device)[2] and sent(device)[1]["client_id"] == "c-7"


def test_a_client_that_the_service_has_forgotten_is_registered_again():
    device = Device("oauth", DYNAMIC)
    device.refused("configuration", CLIENT, no("invalid_client", 401))
    device.boot((201, {"client_id": "c-8"}), CODE, (200, TOKENS))
    assert sent(device)[1]["client_id"] == "c-8"


def test_an_initial_token_that_is_used_up():
    text = str(Device("oauth", DYNAMIC).refused("refused", no("invalid_token", 401)).error)
    assert "`initial_token`" in text


def test_an_interrupt_does_not_cost_the_client():
    device = Device("oauth", DYNAMIC)
    device.interrupted(CLIENT)
    assert kept(device.it) == {"client_id": "c-7", "client_secret": "secret-canary"}


def test_flash_that_is_full_is_found_before_the_client_is_registered():
    from enroll import steps

    def full(*_):
        raise steps.EnrollError("storage", "no space left")

    device = Device("oauth", DYNAMIC)
    real, steps.kept = steps.kept, lambda it, fields=None: full() if fields else {}
    try:
        raises("storage", device.boot)
    finally:
        steps.kept = real
    assert not device.service.requests


# Refresh.


class Server:
    """Answers a session: tokens are numbered, and a refresh token is good once where they `rotate`."""

    def __init__(self, rotate=True, life=3600):
        self.rotate, self.life = rotate, life
        self.number = 1
        self.refused = None
        self.device = None
        self.seen = []

    def tokens(self):
        found = {"access_token": "access-%d-canary" % self.number, "token_type": "Bearer", "expires_in": self.life}
        if self.rotate or self.number == 1:
            found["refresh_token"] = "refresh-%d-canary" % self.number
        return found

    def __call__(self, it):
        path = it.path.replace("/api", "")
        if path == "/token":
            form = dict([pair.split("=") for pair in it.body.decode().split("&")])
            good = "refresh-%d-canary" % (self.number if self.rotate else 1)
            if self.refused or form["grant_type"] != "refresh_token" or form["refresh_token"] != good:
                return no(self.refused or "invalid_grant")
            self.number += 1
            return 200, self.tokens()
        if path == "/device":
            return CODE
        self.seen.append(kept_token(self.device))
        return (200 if it.headers["Authorization"] == "Bearer access-%d-canary" % self.number else 401), {"sub": "u"}


def kept_token(device):
    from enroll.commit import Journal
    from enroll.journal import recall

    credential = recall(device.it, Journal(device.it.store))[1]
    return credential.secret.reveal(), credential.extra["refresh_token"].reveal()


def registered(**more):
    server = Server(**more)
    device = Registered("oauth", server, reply=server.tokens())
    server.device = device
    credential = device.session.credential
    credential.extra["now"] = NOW  # the clock of the machine has said when the tokens came
    return device, server


def get(session):
    return (yield from session.task("GET", "/data")).status_code


def asked(device):
    return [it.path.replace("/api", "") for it in device.asked]


def test_a_refresh_token_that_is_replaced_is_on_flash_before_the_access_token_is_used():
    device, server = registered()
    device.sleep(3600)
    assert device.run(get) == 200 and asked(device) == ["/token", "/data"]
    assert server.seen == [("access-2-canary", "refresh-2-canary")]
    server.number = 2
    device.session.credential.extra["now"] = NOW
    assert device.run(get) == 200 and server.seen[-1] == ("access-3-canary", "refresh-3-canary")


def test_a_refresh_token_that_is_not_replaced_stays():
    device, server = registered(rotate=False)
    device.sleep(3600)
    assert device.run(get) == 200
    assert server.seen == [("access-2-canary", "refresh-1-canary")]


def test_a_denied_access_token_is_refreshed_at_once():
    device, server = registered()
    server.number = 2
    server.rotate = False
    assert device.run(get) == 200 and asked(device) == ["/data", "/token", "/data"]


def test_a_refresh_token_that_is_no_longer_good_needs_a_person():
    device, server = registered()
    device.sleep(3600)
    server.refused = "invalid_grant"
    error = raises("server", device.run, get)
    assert asked(device) == ["/token", "/device", "/token"] and "approved the device" in str(error)
    assert [line for line in device.lines if "WDJB-MJHT" in line]
    assert kept_token(device) == ("access-1-canary", "refresh-1-canary"), "the old one stays until there is another"


def test_without_a_refresh_token_a_person_is_needed():
    server = Server()
    device = Registered("oauth", server, reply={"access_token": "access-0-canary"})
    assert device.session.credential.extra.get("refresh_token") is None
    server.device = device
    raises("server", device.run, lambda session: renewing(session))
    assert asked(device) == ["/device", "/token"]


def renewing(session):
    from enroll.renew import _refresh

    return _refresh(session, "")


def test_when_an_access_token_expires():
    for life, until in ((3600, NOW + 3600), (60, NOW + 90), ("3600", NOW + 3600), (None, 1 << 40), ("soon", 1 << 40)):
        credential = Fake(extra={"now": NOW, "expires_in": life})
        assert renewal.end(credential) == until, life
    assert renewal.end(Fake(extra={})) == 1 << 40


def test_requests_go_to_the_server_that_api_names():
    device = Registered("oauth", Server(), {"api": "http://api.test/v1"}, reply=TOKENS)
    device.net.answer = lambda it: (200, {"host": it.host, "path": it.path})
    device.session.credential.extra["now"] = NOW
    assert device.run(lambda session: body(session)) == {"host": "api.test", "path": "/v1/data"}
    from enroll.calls import example

    assert example(device.session.credential) == ("GET", "", None)


def body(session):
    return (yield from session.task("GET", "/data")).json()


def test_a_code_that_has_bought_the_old_tokens_is_not_tried_once_more():
    """A new one is asked for at once, and once only, though the refresh token is refused each time."""
    device, _ = registered()
    kept(device.it, {"client_id": "c-7", "code": ["used-canary", "OLD", "https://x.test/device", 5]})
    device.sleep(3600)

    class Busy:
        def __call__(self, it):
            return no("invalid_grant") if b"refresh_token=" in it.body else CODE if "device" in it.path else (503, {})

    device.net.answer = Busy()
    raises("server", device.run, get)
    assert asked(device) == ["/token", "/device", "/token"]
    assert kept(device.it)["code"][0] == "code-canary" and kept(device.it)["client_id"] == "c-7"
    device.sleep(86400)
    raises("server", device.run, get)
    assert asked(device) == ["/token", "/token"], "a person may be about to approve the new one"


def test_polling_waits_for_the_interval_of_five_seconds_where_none_is_given():
    """RFC 8628, 3.2 and 3.5: between two polls, and from a reset's first poll on."""
    for code in (CODE, (200, dict(CODE[1], interval=None))):
        device = Device("oauth")
        device.refused("network", code, PENDING, OSError(104))
        assert sum(device.port.slept) == 5
        device.boot(PENDING, (200, TOKENS))
        assert sum(device.port.slept) == 5
