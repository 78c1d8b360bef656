"""A back end described in enroll.json: the meaning of its answers, and polling."""

import enroll.providers.rest as rest
from enroll.journal import RAW, REFUSED
from enroll.providers import Answer
from enroll.providers.rest.refused import refused
from enroll.steps import kept
from fake_device import NOW, Device
from helpers import raises
from rest_device import CLAIM, DONE, GIVEN, TICKET, asked, boot, first, polled, steps


def test_it_asks_until_the_service_has_decided():
    device = boot(polled(), TICKET, (202, b""), (202, b"", {"Retry-After": "20"}), DONE)
    assert device.action.credential.device_id == "d1" and sum(device.port.slept) == 27
    assert [(method, url[20:]) for method, url, _, _ in asked(device)[1:]] == [("GET", "/requests/t%2F1")] * 3


def test_a_retry_after_with_a_date_counts_from_the_date_of_its_own_answer():
    """Each answer asks for 5 s, by a clock that is 20 s behind the device's, or 4 s ahead."""
    for ahead in (-20, 0, 4):
        answers = []
        for second in range(40 + ahead, 55 + ahead, 5):
            date = "Wed, 18 Nov 2026 11:06:%02d GMT"
            answers.append((202, b"", {"Retry-After": date % (second + 5), "Date": date % second}))
        device = boot(polled(), TICKET, *answers + [DONE])
        assert device.action.credential and sum(device.port.slept) == 15, (ahead, sum(device.port.slept))


def test_a_retry_after_that_has_passed_is_none():
    device = boot(polled(), TICKET, (202, b"", {"Retry-After": "Wed, 18 Nov 2026 11:06:20 GMT"}), DONE)
    assert sum(device.port.slept) == 7


def test_the_time_goes_on_while_it_asks():
    device = boot(polled(headers={"T": "{now}"}), TICKET, (202, b""), DONE)
    assert [it[2]["T"] for it in asked(device)[1:]] == [str(NOW), str(NOW + 7)]


def test_after_a_reset_it_goes_on_asking():
    device = boot(polled(), TICKET, (202, b""), OSError(104))
    assert device.action.error.kind == "network"
    assert [it[0] for it in asked(boot(device, (202, b""), DONE))] == ["GET", "GET"]
    assert device.action.credential.device_id == "d1"


def test_it_starts_over_once_what_it_kept_is_old_or_is_of_another_description():
    for change in ({"_until": NOW}, {"_until": NOW + 661}, {"_step": 2}):
        device = boot(polled(), TICKET, OSError(104))
        fields = kept(device.it)
        assert fields["_step"] == 1 and fields["_until"] == NOW + 600
        fields.update(change)
        kept(device.it, fields)
        assert [it[0] for it in asked(boot(device, TICKET, DONE))] == ["POST", "GET"]


def test_it_goes_on_though_the_clock_was_set_a_little_earlier():
    """A time server that answers after the reset may be a second behind the one before it."""
    device = boot(polled(), TICKET, OSError(104))
    fields = kept(device.it)
    fields["_until"] = NOW + 601
    kept(device.it, fields)
    assert [it[0] for it in asked(boot(device, DONE))] == ["GET"]


def test_it_starts_over_once_if_the_service_has_forgotten_what_it_kept():
    for status in (404, 410):
        device = boot(polled(), TICKET, OSError(104))
        boot(device, (202, b""), (status, {"message": "no such ticket"}), TICKET, DONE)
        assert [it[0] for it in asked(device)] == ["GET", "GET", "POST", "GET"]
        assert device.action.credential.device_id == "d1"
        device = boot(boot(polled(), TICKET, OSError(104)), (status, b""), TICKET, (status, b""))
        assert device.action.error.kind == "configuration" and len(asked(device)) == 3


def test_what_it_kept_counts_after_any_other_answer():
    for answer in ((403, b""), (400, b""), (200, {"state": "denied"})):
        device = boot(boot(polled(), TICKET, OSError(104)), answer)
        assert device.action.error and len(asked(device)) == 1
    rules = [{"status": 404, "means": "refused", "text": "a person said no"}]
    device = boot(boot(polled(answers=rules), TICKET, OSError(104)), (404, b""))
    assert "a person said no" in str(device.action.error) and len(asked(device)) == 1


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
    for status in (301, 307, 308):  # Django and FastAPI send a path without its last slash elsewhere
        text = str(boot(Device("rest"), (status, b"", {"Location": "/devices/"})).action.error)
        assert "%d: check `url`, and `path` of the step, up to a slash" % status in text, text
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


def test_no_text_made_from_a_secret_is_shown():
    section = steps(headers={"Authorization": "Basic {b64(login)}"}, take={"secret": "k"})
    section.update({"serial": "SN12", "secrets": {"claim_code": "pw9"}, "values": {"login": "{serial}:{claim_code}"}})
    for said in ("U04xMjpwdzk=", "u04xmjpwdzk", "SN12:pw9", "SN12%3Apw9"):
        device = boot(Device("rest", section), (401, {"message": "bad " + said}))
        assert said not in str(device.action.error), said
    device = boot(Device("rest", section), (401, {"message": "SN12: bad Basic"}))
    assert "(SN12: bad Basic)" in str(device.action.error), "what is no secret is shown"


def test_a_header_that_sending_adds_is_no_secret():
    """The HTTP client puts the length into the request, as a number."""
    it = Device("rest").it
    answer = Answer(401, b'{"message": "localhost says 77"}')
    answer.request = rest.register(it, NOW).send(None)
    answer.request.headers.update({"Content-Length": 77, "Host": "localhost"})
    answer.cut = None
    assert "(localhost says 77)" in str(refused(it, answer))


def test_no_value_of_an_answer_is_shown_whatever_its_type():
    second = first(json={"pin": "{pin}"}, take={"secret": "key"})
    for pin in (483920, {"v": "top9"}, {"v": ["top9", 48.5]}):
        for said in ("483920", "top9", "48.5"):
            if said in str(pin):
                device = Device("rest", steps(second, take={"pin": "pin"}))
                boot(device, (200, {"pin": pin}), (403, {"message": "bad " + said}))
                assert device.action.error.kind == "refused" and said not in str(device.action.error), said


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


def test_of_places_that_are_not_in_the_answer_one_that_must_be_there_is_named():
    """The first of a dict was named: MicroPython's dicts have no order."""
    for number in range(12):
        take = {"secret": "key", "more%d" % number: "more", "plan": "plan", "zone": "zone"}
        device = boot(Device("rest", steps(take=take)), (200, {"kee": 1}))
        assert "no `key` in the answer: correct `take`" in str(device.action.error)


def test_a_number_that_no_float_holds_costs_its_field_and_no_other():
    """Of several answers: the last one was on flash in a form that nothing reads, and the key in it was lost."""
    for odd in (b"1e999", b'{"a": [1e999]}'):
        device = polled(take={"secret": "token", "odd": "odd"})
        boot(device, TICKET, (200, b'{"token": "key-canary", "odd": %s}' % odd))
        assert device.action.credential.device_id == "d1", device.action.error
        credential = boot(device).action.credential
        assert credential.secret.reveal() == "key-canary" and credential.extra["ticket"] == "t/1"


def test_values_that_cannot_be_a_token_are_refused():
    for given in ({"v": "a b"}, {"v": ""}, {"v": None}, {}, [], {"v": "a\nb"}):
        device = boot(Device("rest", steps(take={"secret": "v"})), (200, given))
        assert device.action.error.kind == "answer", given


def test_what_was_taken_for_base64_and_is_none():
    """It was called a failed attempt, as if the network were at fault."""
    second = first(headers={"X": "{hex(unb64(given))}"}, take={"secret": "key"})
    device = boot(Device("rest", steps(second, take={"given": "n"})), (200, {"n": "abc"}))
    assert device.action.error.kind == "answer"
    assert "a value for `unb64` is not Base64: correct `values`" in str(device.action.error)
    device = boot(Device("rest", steps(second, take={"given": "n"})), (200, {"n": "YWI="}), (200, {"key": "k"}))
    assert device.action.credential.secret.reveal() == "k" and asked(device)[1][2]["X"] == "6162"


def test_what_was_taken_for_a_header_and_has_a_line_break():
    """Not a mistake in the description, which would stop the device: the back end caused it."""
    for header, value in (("{given}", None), ("x{m}", "{now}{given}")):
        second = first(headers={"X": header}, take={"secret": "key"})
        section = dict(steps(second, take={"given": "n"}), values=value and {"m": value})
        device = boot(Device("rest", section), (200, {"n": "a\r\nb"}))
        assert device.action.error.kind == "answer"
        assert "a value for a header has a line break: correct what `take` names" in str(device.action.error)
        for given in ("a b", 1, {"a\n": 2}):
            device = boot(Device("rest", section), (200, {"n": given}), (200, {"key": "k"}))
            assert device.action.credential.secret.reveal() == "k"
    device = boot(Device("rest", dict(CLAIM, headers={"K": "{region}"})), (201, dict(GIVEN, region="a\nb")))
    assert raises("answer", device.action.credential.headers, 0)


def test_a_web_page_is_not_taken_for_a_token():
    device = boot(Device("rest", steps(take={"secret": "."})), (200, b"<html>log in</html>"))
    assert device.action.error.kind == "network", device.action.error


def test_a_lost_answer_makes_an_orphan_only_where_it_comes_once():
    for once, kind in ((None, "orphaned"), (True, "orphaned"), (False, "refused")):
        section = dict(CLAIM, once=once)
        device = boot(Device("rest", section), OSError(104))
        assert boot(device, (409, b"")).action.error.kind == kind
