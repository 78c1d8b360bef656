"""OAuth: the wire, and the answers of people and servers."""

import json

from enroll.journal import KEPT
from enroll.steps import kept
from fake_device import Device
from helpers import config, raises
from oauth_answers import CODE, TOKENS, no

CLIENT = (201, {"client_id": "c-7", "client_secret": "secret-canary", "client_name": "board-1"})
DYNAMIC = {"client_id": None, "register_path": "/reg", "initial_token": "initial-canary"}
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
    """A text with a number counts, though JSON has numbers."""
    endless = float("inf")
    for interval, seconds in ((0, 1), (-5, 1), (None, 5), ("7", 7), ("soon", 5), ([1], 5), ({"a": 1}, 5), (endless, 5)):
        device = Device("oauth")
        body = json.dumps(dict(CODE[1], interval=interval))
        code = (200, body.replace("Infinity", "1e999").replace(": inf", ": 1e999").encode())
        device.boot(code, PENDING, (200, TOKENS))
        assert sum(device.port.slept) == seconds, interval


def test_a_code_that_expires_or_is_used_up_makes_it_start_over():
    """The second happens where a power cut came after the answer with the tokens."""
    for error in ("expired_token", "invalid_grant"):
        device = Device("oauth")
        text = str(device.refused("server", CODE, PENDING, no(error)).error)
        assert "asks for another" in text, text
        assert device.boot(CODE, (200, TOKENS)).name == "registered" and paths(device)[0] == "/device"


def test_a_code_that_the_service_refuses_in_other_words_is_not_asked_about_again():
    """It was, at every boot, until somebody reset the device. The first two are Microsoft's and GitHub's."""
    for kind, error, status in (
        ("server", "bad_verification_code", 400),
        ("server", "incorrect_device_code", 200),
        ("configuration", "device_flow_disabled", 200),
        ("configuration", "incorrect_client_credentials", 200),
        ("configuration", "invalid_request", 400),
        ("refused", "UnknownCodeException", 400),
        ("refused", "unknown_code", 401),
        ("refused", "unknown_code", 200),
    ):
        device = Device("oauth")
        device.refused(kind, CODE, no(error, status))
        assert device.boot(CODE, (200, TOKENS)).name == "registered" and paths(device)[0] == "/device", error
    for said in (no("slow_down", 503), no("temporarily_unavailable"), no("rate_limit_exceeded", 403), no("x", 429)):
        device = Device("oauth")
        device.refused("network" if said[0] == 503 else "server", CODE, said, OSError(104))
        assert device.boot((200, TOKENS)).name == "registered" and paths(device) == ["/token"], said


def test_a_person_who_denies_is_asked_again_slowly():
    """The second word is Microsoft's."""
    for error in ("access_denied", "authorization_declined"):
        device = Device("oauth")
        action = device.refused("refused", CODE, no(error))
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


def test_polling_waits_for_the_interval_of_five_seconds_where_none_is_given():
    """RFC 8628, 3.2 and 3.5: between two polls, and from a reset's first poll on."""
    for code in (CODE, (200, dict(CODE[1], interval=None))):
        device = Device("oauth")
        device.refused("network", code, PENDING, OSError(104))
        assert sum(device.port.slept) == 5
        device.boot(PENDING, (200, TOKENS))
        assert sum(device.port.slept) == 5
