"""OAuth: the device flow (RFC 8628), refresh (RFC 6749), dynamic registration (RFC 7591), and Google's dialect."""

from __future__ import annotations

import base64
from urllib.parse import urlencode

import pytest
from enroll_tools.sandbox import SandboxError

DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
SETTINGS = {"approve": False, "interval": 1, "expires": 600, "life": 3600, "rotate": True, "google": False}


@pytest.fixture
def oauth(shared):
    yield shared.oauth
    for name, value in SETTINGS.items():
        shared.oauth.set(name, value)
    shared.set_time(None)


@pytest.fixture
def client(oauth):
    return oauth.create_client()


@pytest.fixture
def post(shared, send, client):
    """Send a form with the client's id and secret in it, changed by `more`; None leaves a field out."""

    def post(path, headers=None, **more):
        fields = {key: value for key, value in {**client, **more}.items() if value is not None}
        url = shared.urls["oauth"].http + path
        return send("POST", url, data=urlencode(fields).encode(), headers={**FORM, **(headers or {})})

    return post


@pytest.fixture
def code(post):
    """What the device is told at first."""
    return post("/device_authorization", scope="telemetry").json()


@pytest.fixture
def poll(post, code):
    def poll(**more):
        return post("/token", **{"grant_type": DEVICE, "device_code": code["device_code"], **more})

    return poll


@pytest.fixture
def tokens(oauth, poll, code):
    oauth.approve(code["user_code"])
    return poll().json()


@pytest.fixture
def refresh(post, tokens):
    def refresh(token=tokens["refresh_token"], **more):
        return post("/token", grant_type="refresh_token", refresh_token=token, **more)

    return refresh


@pytest.fixture
def me(shared, send):
    def me(token, scheme="Bearer"):
        return send("GET", shared.urls["oauth"].http + "/userinfo", headers={"Authorization": f"{scheme} {token}"})

    return me


@pytest.fixture
def register(shared, send, oauth):
    def register(token=None, scheme="Bearer", kind="application/json", **more):
        token = token or oauth.create_initial_token()
        body = {"grant_types": [DEVICE, "refresh_token"], "client_name": "sensor", **more}
        headers = {"Authorization": f"{scheme} {token}", "Content-Type": kind}
        return send("POST", shared.urls["oauth"].http + "/register", json=body, headers=headers)

    return register


def error(reply):
    assert reply.headers["Cache-Control"] == "no-store"
    return reply.status, reply.json()["error"]


def basic(name, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


def test_a_code(code, shared):
    assert set(code) == {"device_code", "user_code", "verification_uri", "expires_in", "interval"}
    assert code["verification_uri"].endswith("/oauth/device") and (code["expires_in"], code["interval"]) == (600, 1)
    assert len(code["user_code"]) == 9 and not set(code["user_code"]) & set("AEIOU0123456789")
    assert code["device_code"] not in repr(shared.oauth.codes())


def test_an_interval_that_is_not_told(oauth, post):
    """It is 5 s then (RFC 8628, 3.2)."""
    oauth.set("interval", 0)
    assert "interval" not in post("/device_authorization").json()


def test_a_person_approves(oauth, poll, code, client, me):
    assert error(poll()) == (400, "authorization_pending")
    oauth.approve(code["user_code"].replace("-", "").lower())
    reply = poll()
    assert reply.headers["Cache-Control"] == "no-store"
    found = reply.json()
    assert set(found) == {"token_type", "expires_in", "scope", "access_token", "refresh_token"}
    assert (found["token_type"], found["expires_in"], found["scope"]) == ("Bearer", 3600, "telemetry")
    assert me(found["access_token"]).json() == {"sub": "user-1", "client_id": client["client_id"]}
    assert error(poll()) == (400, "invalid_grant"), "a code is good once"


def test_a_person_denies(oauth, poll, code):
    oauth.deny(code["user_code"])
    assert [error(poll()) for _ in range(2)] == [(400, "access_denied")] * 2
    with pytest.raises(SandboxError, match="that waits"):
        oauth.approve(code["user_code"])


def test_a_code_expires(oauth, poll, code, shared):
    oauth.expire(code["user_code"])
    assert error(poll()) == (400, "expired_token")
    with pytest.raises(SandboxError, match="that waits"):
        oauth.approve(code["user_code"])


def test_a_code_expires_by_the_clock(poll, shared):
    shared.set_time(shared.clock.now() + 601)
    assert error(poll()) == (400, "expired_token")


def test_whoever_asks_too_soon_slows_down(oauth, poll, code, shared):
    """By five seconds from then on (RFC 8628, 3.5)."""
    now = shared.clock.now()
    answers = []
    for moment in (0, 0.4, 4, 10.2):
        shared.set_time(now + moment)
        answers.append(error(poll())[1])
    assert answers == ["authorization_pending", "slow_down", "slow_down", "slow_down"]
    shared.set_time(now + 40)
    assert error(poll())[1] == "authorization_pending"


def test_all_codes_are_approved_by_a_setting_or_for_a_client(oauth, post):
    oauth.set("approve", True)
    approved = post("/device_authorization").json()["user_code"]
    oauth.set("approve", False)
    other = oauth.create_client(approve=True)
    also = post("/device_authorization", **other).json()["user_code"]
    found = {it["user_code"]: it["status"] for it in oauth.codes()}
    assert found[approved] == found[also] == "approved"


@pytest.mark.parametrize("path", ["/device_authorization", "/token"])
@pytest.mark.parametrize("wrong", [{"client_id": "x"}, {"client_secret": "x"}, {"client_secret": None}], ids=str)
def test_another_client(post, path, wrong):
    reply = post(path, grant_type=DEVICE, **wrong)
    assert error(reply) == (401, "invalid_client") and "Basic" in reply.headers["WWW-Authenticate"]


def test_http_basic(post, client):
    """Its parts are encoded as in a form; it is one way alone (RFC 6749, 2.3)."""
    names = {"client_id": None, "client_secret": None}
    good = basic(client["client_id"].replace("-", "%2D"), client["client_secret"])
    assert post("/device_authorization", good, **names).status == 200
    assert error(post("/device_authorization", good)) == (400, "invalid_request")
    for wrong in (basic(client["client_id"], "x"), {"Authorization": "Basic ???"}, {"Authorization": "Basic /w=="}):
        assert error(post("/device_authorization", wrong, **names)) == (401, "invalid_client")


def test_a_client_without_a_secret(oauth, post):
    public = oauth.create_client(public=True)
    assert set(public) == {"client_id"}
    assert post("/device_authorization", client_secret=None, **public).status == 200
    assert error(post("/device_authorization", client_secret="x", **public)) == (401, "invalid_client")


@pytest.mark.parametrize("data", [b"client_id", b"client_id=1&client_id=1", b"\xff"])
def test_a_broken_form(shared, send, data):
    reply = send("POST", shared.urls["oauth"].http + "/token", data=data, headers=FORM)
    assert error(reply) == (400, "invalid_request")


def test_a_form_in_json(post):
    assert error(post("/token", {"Content-Type": "application/json"})) == (400, "invalid_request")


@pytest.mark.parametrize("kind", ["password", "", None])
def test_another_grant(post, kind):
    assert error(post("/token", grant_type=kind)) == (400, "unsupported_grant_type")


def test_the_code_of_another_client(oauth, poll):
    assert error(poll(**oauth.create_client())) == (400, "invalid_grant")
    assert error(poll(device_code="x")) == (400, "invalid_grant")


def test_a_refresh_token_is_replaced_at_each_use(refresh, tokens, me):
    new = refresh().json()
    assert new["scope"] == "telemetry" and new["refresh_token"] != tokens["refresh_token"]
    assert me(new["access_token"]).status == 200
    assert refresh(new["refresh_token"]).status == 200


def test_a_refresh_token_that_is_used_twice_ends_all_of_its_family(refresh, me):
    """RFC 9700, 4.14.2: somebody else may have it."""
    new = refresh().json()
    assert error(refresh()) == (400, "invalid_grant")
    assert me(new["access_token"]).status == 401
    assert error(refresh(new["refresh_token"])) == (400, "invalid_grant")


def test_a_refresh_token_that_stays(oauth, refresh):
    oauth.set("rotate", False)
    for _ in range(2):
        assert "refresh_token" not in refresh().json()


def test_the_refresh_token_of_another_client(oauth, refresh, tokens):
    for wrong in ({"token": "x"}, {"token": tokens["access_token"]}, oauth.create_client()):
        assert error(refresh(**wrong)) == (400, "invalid_grant")
    assert refresh().status == 200, "a refused request uses nothing up"


def test_an_access_token_expires(oauth, refresh, tokens, me, shared):
    assert me(tokens["access_token"], "Basic").status == 401
    assert me(tokens["refresh_token"]).status == 401
    shared.set_time(shared.clock.now() + 3601)
    reply = me(tokens["access_token"])
    assert (reply.status, reply.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')
    new = refresh().json()["access_token"]
    assert me(new).status == 200
    oauth.end_access()
    assert me(new).status == 401


@pytest.mark.parametrize("act", ["revoke", "delete_client"])
def test_tokens_that_are_taken_back(oauth, client, tokens, refresh, me, act):
    getattr(oauth, act)(client["client_id"])
    assert me(tokens["access_token"]).status == 401
    assert error(refresh()) == ((400, "invalid_grant") if act == "revoke" else (401, "invalid_client"))


def test_googles_dialect(oauth, post, client, shared):
    oauth.set("google", True)
    code = post("/device_authorization", client_secret=None).json()
    assert "verification_url" in code and "verification_uri" not in code
    polled = {"grant_type": DEVICE, "device_code": code["device_code"]}
    assert error(post("/token", client_secret=None, **polled)) == (401, "invalid_client")
    names = {"client_id": None, "client_secret": None}
    assert error(post("/token", basic(*client.values()), **names, **polled)) == (400, "invalid_request")
    assert error(post("/token", **polled)) == (428, "authorization_pending")
    assert error(post("/token", **polled)) == (403, "slow_down")
    oauth.deny(code["user_code"])
    assert error(post("/token", **polled)) == (403, "access_denied")
    oauth.expire()
    assert error(post("/token", **polled)) == (400, "expired_token")


def test_a_client_registers(oauth, register, post):
    reply = register()
    made = reply.json()
    assert reply.status == 201 and made["client_secret_expires_at"] == 0 and made["client_name"] == "sensor"
    names = {name: made[name] for name in ("client_id", "client_secret")}
    assert post("/device_authorization", **names).status == 200
    (shown,) = [it for it in oauth.clients() if it["client_id"] == made["client_id"]]
    assert (shown["registered"], shown["name"], shown["client_secret"]) == (1, "sensor", "***")
    (shown,) = [it for it in oauth.clients(reveal=True) if it["client_id"] == made["client_id"]]
    assert shown["client_secret"] == made["client_secret"]


def test_a_client_that_wants_no_secret_gets_none(register):
    assert "client_secret" not in register(token_endpoint_auth_method="none").json()


def test_an_initial_token_may_be_good_once(oauth, register):
    token = oauth.create_initial_token(once=True)
    assert [register(token).status, register(token).status] == [201, 401]
    token = oauth.create_initial_token()
    assert [register(token).status, register(token).status] == [201, 201]


@pytest.mark.parametrize("wrong", [{"token": "x"}, {"scheme": "Basic"}], ids=str)
def test_another_initial_token(register, wrong):
    assert error(register(**wrong)) == (401, "invalid_token")


@pytest.mark.parametrize(
    "wrong", [{"grant_types": []}, {"grant_types": 5}, {"grant_types": None}, {"kind": "text/plain"}], ids=str
)
def test_a_client_that_cannot_be_registered(oauth, register, wrong):
    token = oauth.create_initial_token(once=True)
    assert error(register(token, **wrong)) == (400, "invalid_client_metadata")
    assert register(token).status == 201, "a refused request does not use the token up"


def test_what_is_not_there(oauth):
    with pytest.raises(SandboxError, match="no client 'nobody'"):
        oauth.delete_client("nobody")
    for act in (oauth.approve, oauth.deny):
        with pytest.raises(SandboxError, match="that waits"):
            act("XXXX-XXXX")


def test_no_secret_is_in_the_log(shared, client, code, refresh, tokens):
    new = refresh().json()
    secrets = [
        client["client_secret"],
        code["device_code"],
        *(it[name] for it in (tokens, new) for name in it if "_token" in name),
    ]
    assert len(secrets) == 6 and not [it for it in secrets if it in repr(shared.log("oauth"))]
