"""A back end described in enroll.json: mistakes in the description are named, without a secret."""

import json

import enroll
from helpers import config, folder, raises, settings, write
from rest_device import first, steps

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


def doubling(count):
    """`count` entries of `values`, each with the next one twice, and a last one."""
    found = {"v%d" % at: "{v%d}{v%d}" % (at + 1, at + 1) for at in range(count)}
    found["v%d" % count] = "x"
    return found


def deep(count, part):
    """A body with `count` objects and lists in each other."""
    for at in range(1, count):
        part = [part] if at % 2 else {"a": part}
    return {"a": part}


SECTIONS_WRONG = (
    (steps(json=deep(8, "{serial}")), None),
    (steps(json=deep(9, "{serial}")), "rest.steps.0.json` is nested too deeply: make it flatter"),
    (steps(json=deep(200, 1)), "rest.steps.0.json` is nested too deeply"),
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
    ({"values": doubling(24)}, "values.v"),
    ({"values": doubling(9)}, " is nested too deeply: make it flatter"),
    ({"values": {"a": "{b}" * 99, "b": "{c}" * 99, "c": "x"}}, "values.a` becomes too long once its names"),
    (
        {"values": {"a": "{hex(hex(hex(b)))}", "b": "{hex(hex(url(c)))}", "c": "{nonce}" * 9}},
        "values.a` becomes too long",
    ),
    (dict(steps(path="/" + "{a}" * 99), values={"a": "x" * 99}), "steps.0.path` becomes too long"),
    (dict(steps(headers={"A": "{v0}"}), values=doubling(7)), None),
    (
        dict(steps(headers={"A": "x{m}"}), values={"m": "{n}", "n": "{serial}\n{now}"}),
        "rest.values.n` has a line break, where `rest.steps.0.headers.A` uses it: encode it",
    ),
    ({"headers": {"A": "{m}"}, "values": {"m": "\r"}}, "values.m` has a line break, where `rest.headers.A` uses it"),
    (dict(steps(headers={"A": "{b64(m)}{url(m)}{sha256(m)}"}, path="/{m}"), values={"m": "a\nb"}), None),
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
    (
        {"secrets": {"claim_code": "canary!"}, "values": {"a": "{unb64(b)}", "b": "{claim_code}"}},
        "secrets.claim_code` wants base64",
    ),
    ({"values": {"a": "{unb64(b)}", "b": "{c}", "c": "canary!"}}, "values.c` wants base64"),
    ({"values": {"a": "{unb64(b)}", "b": "{c}!", "c": "canary"}}, "values.b` wants base64"),
    ({"values": {"a": "{unb64(b)}", "b": "{c}ry==", "c": "cana"}}, None),
    ({"secrets": {"claim_code": "x", "c": "x"}, "values": {"a": "{unb64(b)}", "b": "c!"}}, "values.b` wants base64"),
    ({"values": {"a": "{unb64(hex(b))}", "b": "x"}}, "values.a` wants base64"),
    ({"values": {"a": "{unb64(b)}", "b": "{serial}!"}}, None),
    (steps(headers={"A": "{unb64(unb64(b64(now)))}"}), None),
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
