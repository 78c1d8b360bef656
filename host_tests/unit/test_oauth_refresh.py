"""OAuth: tokens are refreshed, and a person is asked once where they cannot be."""

from enroll.calls import settle
from enroll.providers.oauth import renewal
from enroll.steps import kept
from fake_device import NOW
from fake_session import Registered
from helpers import Fake, raises
from oauth_answers import CODE, TOKENS, no


class Server:
    """Answers a session: tokens are numbered, and a refresh token is good once where they `rotate`."""

    def __init__(self, rotate=True, life=3600):
        self.rotate, self.life = rotate, life
        self.number = 1
        self.refused = None
        self.status = 400
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
            if form["grant_type"] != "refresh_token":
                return no("expired_token")
            if self.refused or form["refresh_token"] != good:
                return no(self.refused or "invalid_grant", self.status)
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


def test_a_refresh_token_that_is_null_is_not_replaced():
    """It was lost, and a person had to approve the device again after an hour."""
    for nothing in (None, ""):
        device, server = registered(rotate=False)
        tokens = server.tokens
        server.tokens = lambda tokens=tokens, nothing=nothing: dict(tokens(), refresh_token=nothing)
        for number in (2, 3):
            device.session.credential.extra["now"] = NOW
            device.sleep(3600)
            assert device.run(get) == 200 and asked(device) == ["/token", "/data"]
            assert server.seen[-1] == ("access-%d-canary" % number, "refresh-1-canary")


def test_a_client_that_the_service_has_forgotten_is_registered_again():
    """Its secret may have ended (RFC 7591, 3.2.1). The refresh was refused for good. A second one finds no client."""
    for client in ({"client_id": "c-7"}, {}):
        server = Server()
        section = {"client_id": None, "register_path": "/reg"}
        device = Registered("oauth", server, section, replies=((201, {"client_id": "c-7"}), CODE, (200, TOKENS)))
        server.device = device
        device.session.credential.extra["now"] = NOW
        kept(device.it, client)
        device.sleep(3600)

        def answer(it, server=server, device=device):
            if it.path == "/api/reg":
                return 201, {"client_id": "c-8"}
            if it.path == "/api/token" and b"client_id=c-8" in it.body:
                return 200, server.tokens()
            return no("invalid_client", 401) if it.path == "/api/token" else server(it)

        device.net.answer = answer
        assert device.run(get) == 200
        assert asked(device) == ["/token"][: len(client)] + ["/reg", "/device", "/token", "/data"]
        assert kept(device.it)["client_id"] == "c-8"


def test_a_denied_access_token_is_refreshed_at_once():
    device, server = registered()
    server.number = 2
    server.rotate = False
    assert device.run(get) == 200 and asked(device) == ["/data", "/token", "/data"]


def test_a_refresh_token_that_is_no_longer_good_needs_a_person():
    """Whatever the words are: the last two are Microsoft's and GitHub's."""
    for refused, status in (("invalid_grant", 400), ("interaction_required", 400), ("bad_refresh_token", 200)):
        device, server = registered()
        device.sleep(3600)
        server.refused, server.status = refused, status
        assert "approved the device" in str(raises("server", device.run, get))
        assert asked(device) == ["/token", "/device", "/token"], refused
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
    for life in (0, "0", -1):  # some services say so for never: each request refreshed
        assert renewal.end(Fake(extra={"now": NOW, "expires_in": life})) == 1 << 40
    assert renewal.end(Fake(extra={})) == 1 << 40
    assert renewal.end(Fake(extra={"now": NOW, "expires_in": float("inf")})) == 1 << 40, "as 1e999 is read"


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


def test_nothing_is_left_to_do_after_the_registration():
    device, _ = registered()
    device.boot()
    assert device.run(settle) is None and not device.asked
