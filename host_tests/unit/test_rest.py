"""A back end described in enroll.json: its requests, what is kept, and what comes later."""

import json

import enroll
import enroll.providers.rest as rest
import enroll.providers.rest.later as later
from enroll.credential import Credential
from enroll.journal import KEPT, RAW, TRIED
from enroll.providers import Answer
from fake_device import NOW, Device, Port, counting
from helpers import Fake, patched
from rest_device import CLAIM, GIVEN, asked, boot, first, steps


def values(**templates):
    """What each template gives, by its name, in a form that is sent by a device."""
    section = steps(json=None, form={name: "{%s}" % name for name in templates})
    section["values"] = templates
    section["secrets"] = {"claim_code": "claim-canary", "key": "Jefe", "coded": "SmVmZQ=="}
    ((_, _, _, body),) = asked(boot(Device("rest", section), (201, GIVEN)))
    return dict([part.split("=") for part in str(body, "utf-8").split("&")])


def test_a_claim_code_buys_a_key():
    device = boot(Device("rest"), (201, GIVEN))
    credential = device.action.credential
    ((method, url, headers, body),) = asked(device)
    assert (method, url) == ("POST", "http://localhost/api/devices")
    assert headers == {"Authorization": "Bearer claim-canary", "Content-Type": "application/json"}
    assert json.loads(body) == {"serial": "S1", "at": NOW}, "a name alone keeps its type"
    assert credential.device_id == "17" and credential.extra == {"region": "north"}
    assert credential.headers(0) == {"Authorization": "Bearer key-canary"}
    assert device.boot().name == "registered" and device.state() == KEPT, "the second boot asks nobody"


def test_functions_give_what_their_standards_say():
    """RFC 4231, test case 2, and RFC 1321's MD5 of "abc"."""
    text = "what do ya want for nothing?"
    mac = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    found = values(
        text=text,
        mac_of="{hmac_sha256(key, text)}",
        decoded="{hmac_sha256(unb64(coded), text)}",
        nested="{ b64( hmac_sha256( unb64(coded),text ) ) }",
        abc="abc",
        md="{md5(abc)}",
        sha="{b64(sha256(abc))}",
        hexed="{hex(abc)}",
        url="{url(text)}",
        both="<{hex(abc)}|{abc}>",
    )
    assert found["mac_of"] == found["decoded"] == mac
    assert found["nested"] == "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM%3D"
    assert found["md"] == "900150983cd24fb0d6963f7d28e17f72"
    assert found["sha"] == "ungWv48Bz%2BpBQUDeXa4iI7ADYaOWF3qctBD%2FYfIAFa0%3D"
    assert found["hexed"] == "616263" and found["both"] == "%3C616263%7Cabc%3E"
    assert found["url"] == "what%2520do%2520ya%2520want%2520for%2520nothing%253F"


def test_braces_in_a_secret_are_text():
    query = "mutation R($sn: String!) { register(sn: $sn) { id token } }"
    section = steps(json={"query": "{query}", "variables": {"sn": "{serial}"}})
    section["secrets"] = {"claim_code": "claim-canary", "query": query}
    body = asked(boot(Device("rest", section), (201, GIVEN)))[0][3]
    assert json.loads(body) == {"query": query, "variables": {"sn": "S1"}}


def test_time_and_nonce():
    section = steps(headers={"T": "{now}", "I": "{iso_now}", "N": "{nonce}", "S": "{sha256(message)}"}, json=None)
    section["values"] = {"message": "{serial}|{nonce}"}
    section["secrets"] = None
    device = boot(Device("rest", section), (201, GIVEN))
    headers = asked(device)[0][2]
    assert headers["T"] == str(NOW) and headers["I"] == "2026-11-18T11:06:40Z"
    assert len(headers["N"]) == 16 and len(headers["S"]) == 64
    assert boot(Device("rest", section), (201, GIVEN)).service.requests[0][2]["headers"]["N"] != headers["N"]


def test_the_body_can_be_signed():
    section = steps(headers={"S": "{hmac_sha256(claim_code, body)}"})
    _, _, headers, body = asked(boot(Device("rest", section), (201, GIVEN)))[0]
    from enroll.hmac import hmac_sha256

    assert headers["S"] == hmac_sha256(b"claim-canary", body)


def test_values_in_a_path_are_encoded_and_no_secret_of_it_is_logged():
    section = steps(method="GET", path="/d/{serial}?code={claim_code}&x={hex(serial)}", json=None)
    section["serial"] = "S 1/~"
    device = boot(Device("rest", section), (201, GIVEN))
    assert asked(device)[0][1] == "http://localhost/api/d/S%201%2F~?code=claim-canary&x=5320312f7e"
    assert "GET http://localhost/api/d/{serial}" in device.lines


def test_json_with_eight_levels():
    section = steps(json={"a": ["{serial}", {"b": "{now}", "c": None, "d": 1.5}], "e": "x{now}", "f": "{sha256(x)}"})
    section["values"] = {"x": "abc"}
    body = json.loads(asked(boot(Device("rest", section), (201, GIVEN)))[0][3])
    assert body["a"] == ["S1", {"b": NOW, "c": None, "d": 1.5}] and body["e"] == "x%d" % NOW
    assert body["f"][:8] == "ba7816bf", "bytes stand there in hex"
    for _ in range(5):
        body = {"a": body}
    section["steps"][0]["json"] = body
    assert json.loads(asked(boot(Device("rest", section), (201, GIVEN)))[0][3]) == body


def test_a_form_whose_answer_has_its_token_in_a_header():
    section = steps(json=None, form={"serial": "{serial}", "a b": "1&2"}, take={"id": ".", "secret": "header:X-Token"})
    device = boot(Device("rest", section), (200, b'"device-9"\n', {"x-token": "key-canary"}))
    _, _, headers, body = asked(device)[0]
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert sorted(body.split(b"&")) == [b"a%20b=1%262", b"serial=S1"]
    credential = device.action.credential
    assert credential.device_id == "device-9" and credential.secret.reveal() == "key-canary"


def test_a_power_cut_before_it_is_parsed_loses_nothing_of_a_header():
    """What is on flash then is all that parse gets."""
    section = steps(take={"id": ".", "secret": "header:X-Token"})
    saved = []

    def store(path, *more):
        it = counting([])(path, *more)
        note = it.save
        it.save = lambda state, who, body, *rest: (saved.append((state, bytes(body))), note(state, who, body, *rest))
        return it

    device = Device("rest", section)
    device.boot((200, b"device-9", {"X-Token": "key-canary"}), port=Port(store))
    assert [state for state, _ in saved] == [TRIED, RAW, KEPT]
    credential = rest.parse(device.it, Answer(200, saved[1][1]))
    assert credential.device_id == "device-9" and credential.secret.reveal() == "key-canary"


def test_a_cut_text_is_not_taken_for_a_token():
    device = Device("rest", steps(take={"secret": "."}))
    it = Answer(200, b"half-a-tok")
    it.request = Fake(step=device.it.section["steps"][0], taken={})
    it.headers, it.cut = {}, OSError(104)
    assert not rest.pending(device.it, it) and it.taken == {} and bytes(it.body) == b"half-a-tok"


def test_a_step_may_use_what_an_earlier_answer_gave():
    second = first(path="/keys", headers={"X": "{session}"}, json=None, take={"secret": "key"})
    device = boot(
        Device("rest", steps(second, take={"session": "s", "id": "id"})),
        (200, {"s": "s-canary", "id": "d1"}),
        (200, {"key": "k-canary"}),
    )
    assert [url[20:] for _, url, _, _ in asked(device)] == ["/devices", "/keys"]
    assert asked(device)[1][2] == {"X": "s-canary"}
    credential = device.action.credential
    assert credential.device_id == "d1" and credential.secret.reveal() == "k-canary"
    assert boot(device).action.credential.device_id == "d1"


def test_headers_afterwards():
    section = dict(CLAIM, headers={"K": "{secret}", "S": "{id}:{now}:{region}:{hmac_sha256(secret, now)}"})
    device = boot(Device("rest", section), (201, GIVEN))
    found = device.action.credential.headers(NOW)
    from enroll.hmac import hmac_sha256

    digest = hmac_sha256(b"key-canary", b"%d" % NOW)
    assert found == {"K": "key-canary", "S": "17:%d:north:%s" % (NOW, digest)}


def renewed(expires):
    """Expiry of a credential of whose end an answer says `expires`, and what refreshes it."""
    section = steps(take={"secret": "key", "expires": "e", "refresh_token": "r"})
    section["refresh"] = [first(path="/refresh", json={"r": "{refresh_token}"}, take={"secret": "key", "expires": "e"})]
    device = boot(Device("rest", section), (200, {"key": "k1", "e": expires, "r": "r-canary"}))
    return device, device.action.credential


def test_a_credential_ends_when_the_answer_says_so():
    with patched(later, clock=lambda: NOW):
        for said, end in ((60, NOW + 90), ("60", NOW + 90), (NOW + 300, NOW + 300), ("soon", 1 << 40), (None, 1 << 40)):
            _, credential = renewed(said)
            assert rest.expires(credential) == end, said
        assert later.until(float("inf")) == 1 << 40, "as 1e999 is read"
        device = boot(Device("rest", steps(take={"secret": "key", "expires": "e"})), (200, {"key": "k1", "e": 60}))
        assert rest.expires(device.action.credential) == 1 << 40, "it cannot be changed"


def test_a_credential_is_refreshed_with_what_the_answer_gave():
    device, credential = renewed(60)
    assert str(credential.extra["refresh_token"]) == "***"  # an application may have looked at it
    task = rest.refresh(device.it, credential, NOW)
    request = task.send(None)
    assert request.url == "http://localhost/api/refresh" and json.loads(request.body) == {"r": "r-canary"}
    answer = Answer(200, b'{"key": "k2", "e": 90}')
    answer.request, answer.headers, answer.cut = request, {}, None
    assert not rest.pending(device.it, answer)
    for body in (answer.body, bytes(answer.body)):
        again = rest.parse(device.it, Answer(200, body))
        assert again.secret.reveal() == "k2" and again.device_id == "S1"
        assert rest.headers(again, 0) == {"Authorization": "Bearer k2"}
        assert Credential(device.it, *json.loads(again.encode())).extra["refresh_token"].reveal() == "r-canary"


def test_the_board_gives_what_templates_use():
    section = dict(steps(json={"m": "{mac}"}, take={"secret": "key"}), serial=None)
    device = Device("rest", section)
    device.port = port = Port()
    port.identity = lambda: (Port.identity(port), {"mac": "aa:bb"})[1]
    with patched(rest, clock=lambda: NOW):
        assert device.boot((200, {"key": "k"}), port=port).credential.device_id == "aa:bb"
    assert enroll.stored(device.it, port) and b"aa:bb" in asked(device)[0][3]
