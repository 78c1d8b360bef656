"""A back end described in enroll.json: the wire, the meaning of answers, what is kept."""

import json

import enroll
import enroll.providers.rest as rest
import enroll.providers.rest.later as later
import enroll.providers.rest.resume as resume
from enroll.credential import Credential
from enroll.journal import KEPT, RAW, REFUSED, TRIED
from enroll.providers import Answer
from enroll.steps import kept
from fake_device import NOW, Device, Port, counting
from helpers import MORE_SECTIONS, Fake, config, folder, patched, raises, settings, write

CLAIM = {
    "serial": "S1",
    "secrets": {"claim_code": "claim-canary"},
    "steps": [
        {
            "method": "POST",
            "path": "/devices",
            "headers": {"Authorization": "Bearer {claim_code}"},
            "json": {"serial": "{serial}", "at": "{now}"},
            "take": {"id": "device.id", "secret": "device.keys.0.value", "region": "region"},
        }
    ],
}
MORE_SECTIONS["rest"] = CLAIM
GIVEN = {"device": {"id": 17, "keys": [{"value": "key-canary"}]}, "region": "north"}
POLL = {
    "method": "GET",
    "path": "/requests/{ticket}",
    "resume": 600,
    "answers": [
        {"status": 202, "means": "pending", "seconds": 7},
        {"field": "state", "value": "denied", "means": "refused", "text": "a person said no: ask another"},
    ],
    "take": {"secret": "token"},
}


def first(**changes):
    """The step of CLAIM with `changes`."""
    step = dict(CLAIM["steps"][0])
    step.update(changes)
    return step


def steps(*later, **changes):
    """The section whose first step has `changes`, with `later` steps behind it."""
    return {"steps": [first(**changes)] + list(later)}


def values(**templates):
    """What each template gives, by its name, in a form that is sent by a device."""
    section = steps(json=None, form={name: "{%s}" % name for name in templates})
    section["values"] = templates
    section["secrets"] = {"claim_code": "claim-canary", "key": "Jefe", "coded": "SmVmZQ=="}
    ((_, _, _, body),) = asked(boot(Device("rest", section), (201, GIVEN)))
    return dict([part.split("=") for part in str(body, "utf-8").split("&")])


def boot(device, *answers):
    """The device after one attempt at the time NOW."""
    with patched((rest, later, resume), clock=lambda: NOW + int(sum(device.port.slept))):
        device.action = device.boot(*answers)
    return device


def asked(device):
    """Method, URL, headers and body of the requests of the last boot."""
    return [
        (method, url, dict(more["headers"]), bytes(more["data"] or b""))
        for method, url, more in device.service.requests
    ]


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


def test_json_of_any_depth():
    section = steps(json={"a": ["{serial}", {"b": "{now}", "c": None, "d": 1.5}], "e": "x{now}", "f": "{sha256(x)}"})
    section["values"] = {"x": "abc"}
    body = json.loads(asked(boot(Device("rest", section), (201, GIVEN)))[0][3])
    assert body["a"] == ["S1", {"b": NOW, "c": None, "d": 1.5}] and body["e"] == "x%d" % NOW
    assert body["f"][:8] == "ba7816bf", "bytes stand there in hex"


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


def polled(**changes):
    poll = dict(POLL)
    poll.update(changes)
    return Device("rest", steps(poll, take={"ticket": "ticket", "id": "id"}))


TICKET = (202, {"ticket": "t/1", "id": "d1"})
DONE = (200, {"token": "key-canary"})


def test_it_asks_until_the_service_has_decided():
    device = boot(polled(), TICKET, (202, b""), (202, b"", {"Retry-After": "20"}), DONE)
    assert device.action.credential.device_id == "d1" and sum(device.port.slept) == 27
    assert [(method, url[20:]) for method, url, _, _ in asked(device)[1:]] == [("GET", "/requests/t%2F1")] * 3


def test_the_time_goes_on_while_it_asks():
    device = boot(polled(headers={"T": "{now}"}), TICKET, (202, b""), DONE)
    assert [it[2]["T"] for it in asked(device)[1:]] == [str(NOW), str(NOW + 7)]


def test_after_a_reset_it_goes_on_asking():
    device = boot(polled(), TICKET, (202, b""), OSError(104))
    assert device.action.error.kind == "network"
    assert [it[0] for it in asked(boot(device, (202, b""), DONE))] == ["GET", "GET"]
    assert device.action.credential.device_id == "d1"


def test_it_starts_over_once_what_it_kept_is_old_or_is_of_another_description():
    for change in ({"_until": NOW}, {"_until": NOW + 601}, {"_step": 2}):
        device = boot(polled(), TICKET, OSError(104))
        fields = kept(device.it)
        assert fields["_step"] == 1 and fields["_until"] == NOW + 600
        fields.update(change)
        kept(device.it, fields)
        assert [it[0] for it in asked(boot(device, TICKET, DONE))] == ["POST", "GET"]


def test_a_rule_names_the_kind_and_says_what_to_do():
    device = boot(polled(), TICKET, (200, {"state": "denied"}))
    assert str(device.action.error) == "the service says a person said no: ask another"
    assert device.action.error.kind == "refused" and device.state() == REFUSED, "nothing was registered"
    for means in ("refused", "server", "configuration"):
        rule = {"status": 418, "means": means, "text": "that it is a teapot: find its kettle"}
        device = boot(Device("rest", steps(answers=[rule])), (418, b""))
        assert device.action.error.kind == means and "a teapot: find its" in str(device.action.error)


def test_where_success_has_a_rule_nothing_else_is_one():
    rules = [{"field": "ok", "value": True, "means": "success"}]
    ok = dict(GIVEN)
    ok["ok"] = True
    assert boot(Device("rest", steps(answers=rules)), (200, ok)).action.credential
    device = boot(Device("rest", steps(answers=rules)), (200, GIVEN))
    assert device.action.error.kind == "refused" and device.state() == REFUSED
    rules = [{"status": 409, "means": "success"}]
    assert boot(Device("rest", steps(answers=rules)), (409, GIVEN)).action.credential


def test_other_answers_mean_what_is_common():
    for status, where in ((404, "`path`"), (405, "`method`"), (410, "`path`")):
        text = str(boot(Device("rest"), (status, b"")).action.error)
        assert "check `url`, and " in text and where in text, text
    for status, kind in ((401, "refused"), (404, "configuration"), (429, "server"), (503, "server"), (302, "answer")):
        device = boot(Device("rest"), (status, b""))
        assert device.action.error.kind == kind, status
    device = boot(polled(), (403, b""))
    assert device.action.error.kind == "refused" and len(device.service.requests) == 1


def test_the_words_of_the_service_are_shown_unless_they_may_hold_a_secret():
    device = boot(Device("rest"), (409, {"message": "not today"}))
    assert "(not today)" in str(device.action.error)
    section = dict(CLAIM, secrets={"claim_code": "k canary"})
    for said in ("k canary", "bad K CANARY", "k%20canary", "6b2063616e617279", "ayBjYW5hcnk=", "ayBjYW5hcnk"):
        device = boot(Device("rest", section), (409, {"message": said}))
        assert said not in str(device.action.error), said
    second = first(take={"secret": "key"})
    device = boot(
        Device("rest", steps(second, take={"session": "s"})), (200, {"s": "tok9"}), (409, {"message": "no tok9"})
    )
    assert "tok9" not in str(device.action.error), "what an earlier answer gave must not be shown"


def test_a_place_that_is_not_in_the_answer_is_named_and_can_be_corrected():
    """The answer is on flash: nobody is asked again."""
    wrong = Device("rest", steps(take={"id": "device.id", "secret": "device.token"}))
    boot(wrong, (201, GIVEN))
    assert wrong.action.error.kind == "answer" and wrong.state() == RAW
    assert "no `device.token` in the answer: correct `take`" in str(wrong.action.error)
    wrong = Device("rest", steps(take={"id": "device.name", "secret": "device.keys.0.value"}))
    boot(wrong, (201, GIVEN))
    assert wrong.action.error.kind == "answer" and wrong.state() == RAW
    assert "no `device.name` in the answer: correct `take`" in str(wrong.action.error)
    right = Device("rest")
    right.it.store = wrong.it.store
    assert boot(right).action.credential.secret.reveal() == "key-canary" and not asked(right)
    device = boot(polled(), (202, {"id": 1}))
    assert "no `ticket` in the answer" in str(device.action.error)


def test_values_that_cannot_be_a_token_are_refused():
    for given in ({"v": "a b"}, {"v": ""}, {"v": None}, {}, [], {"v": "a\nb"}):
        device = boot(Device("rest", steps(take={"secret": "v"})), (200, given))
        assert device.action.error.kind == "answer", given


def test_a_web_page_is_not_taken_for_a_token():
    device = boot(Device("rest", steps(take={"secret": "."})), (200, b"<html>log in</html>"))
    assert device.action.error.kind == "network", device.action.error


def test_a_lost_answer_makes_an_orphan_only_where_it_comes_once():
    for once, kind in ((None, "orphaned"), (True, "orphaned"), (False, "refused")):
        section = dict(CLAIM, once=once)
        device = boot(Device("rest", section), OSError(104))
        assert boot(device, (409, b"")).action.error.kind == kind


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
        for said, end in ((60, NOW + 60), ("60", NOW + 60), (NOW + 5, NOW + 5), ("soon", 1 << 40), (None, 1 << 40)):
            _, credential = renewed(said)
            assert rest.expires(credential) == end, said
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


MISTAKES = (  # what the first step is changed to, or the section; what is said
    ({"json": {"a": ["{serail}"]}}, "steps.0.json.a.0` has an unknown name at character 2: name it in `values`"),
    ({"path": "/x{region}"}, "steps.0.path` has an unknown name at character 4"),
    ({"json": {"a": "{body}"}}, "steps.0.json.a` has an unknown name at character 2: use `body` in `headers` and"),
    ({"json": {"a": "{id}"}}, "use `id` in `refresh` and"),
    (
        {"form": {"a": "x{ sha1(serial)}"}, "json": None},
        "form.a` has an unknown function before the ( at character 8: use one of b64",
    ),
    (
        {"headers": {"A": "{(serial)}"}},
        "unknown function before the ( at character 2: use one of b64, hex, hmac_sha256",
    ),
    ({"headers": {"A": "{md5(serial, now)}"}}, "too many arguments at character 5: give md5 1, not 2"),
    ({"headers": {"A": "{hmac_sha256(now)}"}}, "many arguments at character 13: give hmac_sha256 2, not 1"),
    ({"headers": {"A": "{url(hex(b64(hex(now))))}"}}, "more than 3 functions in each other at character 17"),
    ({"headers": {"A": "{hex(now) now}"}}, "has text behind a ) at character 14"),
    ({"headers": {"A": "{hex(now)(now)}"}}, "has text behind a )"),
    ({"headers": {"A": "{hex(now}"}}, "headers.A` has a ( without a ) at character 5: close it"),
    ({"headers": {"A": "{hex(b64(now)"}}, "headers.A` has a ( without a ) at character 5"),
    ({"headers": {"A": "{now)}"}}, "headers.A` has a ) without a ( at character 5"),
    ({"headers": {"A": "{serial, now}"}}, "headers.A` has a comma outside a function at character 8"),
    ({"headers": {"A": "{hex({now})}"}}, "headers.A` has a { inside braces at character 6"),
    ({"headers": {"A": "{{now}}"}}, "headers.A` has a { inside braces at character 2"),
    ({"headers": {"A": "x{}"}}, "steps.0.headers.A` has no name between two marks at character 3"),
    ({"headers": {"A": "{hmac_sha256(, now)}"}}, "no name between two marks at character 14"),
    ({"headers": {"A": "x{now"}}, "steps.0.headers.A` has a { without a } at character 2: close it"),
    ({"headers": {"A": "now}"}}, "steps.0.headers.A` has a } without a { at character 4"),
    ({"headers": {"Host": "x"}}, "steps.0.headers.Host` cannot be set here"),
    ({"headers": {"A b": "x"}}, "steps.0.headers.A b` cannot be set here"),
    ({"headers": {"A": "x\ny"}}, "steps.0.headers.A` wants printable ASCII"),
    ({"method": "FETCH"}, "steps.0.method` wants one of: GET"),
    ({"method": None}, "steps.0.method` is missing"),
    ({"path": "devices"}, "steps.0.path` wants to begin with a slash"),
    ({"path": "/a b"}, "steps.0.path` wants to begin with a slash, without blanks"),
    ({"form": {}}, "steps.0.form` has `json` beside it"),
    ({"body": "x"}, "steps.0.body` is unknown"),
    ({"take": {"id": "id"}}, "steps.0.take` lacks `secret`: the last step takes it"),
    ({"take": {"secret": "s", "now": "n"}}, "steps.0.take.now` has a name that means something else"),
    ({"take": {"secret": ""}}, "steps.0.take.secret` wants printable ASCII"),
    ({"resume": 60}, "steps.0.resume` must be the only one, and not in the first step"),
    ({"answers": [{"means": "pending"}]}, "steps.0.answers.0` wants `status`, or `field` and `value`"),
    ({"answers": [{"means": "maybe", "status": 200}]}, "steps.0.answers.0.means` wants one of: success"),
    ({"answers": [{"means": "pending", "status": 99}]}, "steps.0.answers.0.status` wants a number from 200"),
    ({"answers": [{"means": "pending", "field": "x"}]}, "steps.0.answers.0` wants `status`, or `field` and `value`"),
)
SECTIONS_WRONG = (
    ({"steps": []}, "steps` has no step: describe 1 to 3"),
    ({"steps": [first()] * 4}, "steps` has 4 steps: keep 1 to 3"),
    ({"steps": None}, "steps` is missing"),
    ({"values": {"a": "{b}", "b": "{hex(a)}"}}, " by way of "),
    ({"values": {"a": "{a}"}}, "values.a` uses itself: remove that name"),
    ({"values": {"a": "x{nothing}"}}, "values.a` has an unknown name at character 3: name it in `values`"),
    (
        dict(steps(headers={"A": "{m}"}), values={"m": "{url(ticket)}"}),
        "values.m` has an unknown name at character 6, where `rest.steps.0.headers.A` uses it: name",
    ),
    ({"values": {"claim_code": "x"}}, "values.claim_code` has a name that means something else"),
    ({"values": {"A": "x"}}, "values.A` wants a name of small letters"),
    ({"values": {"a": 1}}, "values.a` wants text"),
    ({"secrets": {"claim_code": "c\u00e4"}}, "secrets.claim_code` wants printable ASCII"),
    ({"headers": {"A": "{claim}"}}, "headers.A` has an unknown name at character 2"),
    ({"refresh": [first(resume=3)]}, "refresh.0.resume` cannot stand in `refresh`"),
    (
        {"secrets": {"claim_code": "canary!"}, "values": {"a": "{unb64(claim_code)}"}},
        "secrets.claim_code` wants base64",
    ),
    (
        {"secrets": {"claim_code": "canar==="}, "values": {"a": "{unb64(claim_code)}"}},
        "secrets.claim_code` wants base64",
    ),
    ({"secrets": {"claim_code": "canary=="}, "values": {"a": "{unb64(claim_code)}"}}, None),
    ({"name": "x"}, "rest.name` is unknown"),
)


def test_a_mistake_names_the_key_before_any_packet():
    """No secret is in the sentence: `raises` looks for it."""
    cases = [(steps(**changes), said) for changes, said in MISTAKES] + list(SECTIONS_WRONG)
    for section, said in cases:
        if said is None:
            config("rest", section)
            continue
        error = raises("configuration", config, "rest", section)
        assert said in str(error) and str(error)[:6] == "`rest.", (section, str(error))


TYPED = (  # templates that are wrong, and have in them what somebody should have written in `secrets`
    "Bearer s3-canary{serial",
    "{serial}s3-canary}",
    "{canary}",
    "{s3-canary}",
    "{canary(serial)}",
    "{hex(canary)}",
    "{hex(canary}",
    "{hex(serial) canary}",
    "{hex(serial, canary)}",
    "{hmac_sha256(canary)}",
    "{serial, canary}",
    "{canary{serial}}",
    "{serial{canary}}",
    "canary{}",
    "canary{url(hex(b64(hex(now))))}",
    "canary{now)}",
    "canary{a}",
    "canary\n{now",
)


def test_a_secret_that_was_typed_into_a_template_is_not_printed():
    """`raises` looks for it in each sentence, which says where the mistake is instead."""
    for typed in TYPED:
        for section in (
            steps(path="/" + typed),
            steps(headers={"A": typed}),
            steps(json={"a": [{"b": typed}]}),
            steps(json=None, form={"a": typed}),
            {"headers": {"A": typed}},
            {"values": {"a": typed}},
            dict(steps(headers={"A": "{m}"}), values={"m": "{n}", "n": typed}),
            {"refresh": [first(json={"a": typed})]},
        ):
            if typed == "canary{a}" and "a" in section.get("values", ()):
                continue  # that uses itself
            error = raises("configuration", config, "rest", section)
            assert "character" in str(error) or "ASCII" in str(error), str(error)


def test_a_mistake_names_the_file_it_is_in():
    """Whatever its name is; a configuration that comes from no file has none."""
    section = steps(headers={"A": "{"})
    path = write(folder() + "/boards.json", json.dumps(settings("rest", section)))
    found = raises("configuration", enroll.Config.load, path)
    assert str(found).startswith(path + ": `rest.steps.0.headers.A` has"), str(found)
    assert str(raises("configuration", config, "rest", section)).startswith("`rest.steps")
    late = enroll.Config(settings("rest", dict(steps(), serial=None)), "/x/boards.json")
    assert str(raises("configuration", late.complete, {})).startswith("/x/boards.json: `rest.serial` is missing")
