"""`rest`: the same description executed by Python's own libraries, byte for byte."""

from __future__ import annotations

import copy
import datetime
import json
import subprocess
from typing import Any

import on_micropython
import rest_descriptions as descriptions
from devices import ROOT
from enroll.config import Config
from enroll.errors import EnrollError
from enroll_tools.provision.errors import Failure
from enroll_tools.provision.template import Template
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rest_ours import execute
from rest_reference import Reference, shown
from runtimes import first, micropython

EXAMPLES = sorted((ROOT / "firmware" / "examples").glob("rest*.json"))
NAMES = (
    "has an unknown name",
    "uses itself",
    "means something else",
    "wants base64",
    "becomes too long",
    "has a line break",
    "nested too deeply",
)  # which a schema cannot express
BATCH: list[dict[str, Any]] = []  # cases for MicroPython, which is started once for them all


def compare(case: dict[str, Any], requests: list[Any], outcome: Any, exact: bool) -> None:
    """That `requests` and `outcome` are what the reference makes of `case`; `exact`: JSON is written as Python does."""
    section = case["section"]
    moment = datetime.datetime.fromtimestamp(case["now"], datetime.UTC)
    reference = Reference(section, case["now"], moment.strftime("%Y-%m-%dT%H:%M:%SZ"), case["nonce"])
    todo = list(section["steps"])
    for request, (status, headers, body) in zip(requests, case["answers"], strict=False):
        step = todo[0]
        method, path, own, sent = reference.request(step, None if exact else request[3].encode())
        assert request == [method, path, own, sent.decode()]
        meaning = reference.answer(step, status, headers, body.encode())
        if meaning == "pending":
            continue
        if meaning != "success":
            assert outcome == meaning
            return
        todo.pop(0)
    assert not todo, "it has stopped too early"
    taken = dict(reference.taken)
    secret, name = shown(taken.pop("secret")), shown(taken.pop("id", None) or section["serial"])
    if " " in name:
        assert outcome == "answer", "no header takes it"
    else:
        assert outcome == [name, secret, taken if len(section["steps"]) > 1 else outcome[2]]
        assert taken.items() <= outcome[2].items() or taken == outcome[2]


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(descriptions.cases())
def test_descriptions_are_executed_as_the_reference_does(case):
    if len(BATCH) < 100:
        BATCH.append(copy.deepcopy(case))
    compare(case, *execute(copy.deepcopy(case)), exact=True)


def test_micropython_does_so_too():
    assert BATCH, "run the test before this one as well"
    program = ROOT / "host_tests/oracles/rest_ours.py"
    done = subprocess.run(
        [micropython(first()), "-X", "heapsize=4m", program],
        input="".join(json.dumps(case, ensure_ascii=False) + "\n" for case in BATCH),
        env={"MICROPYPATH": f"{on_micropython.library()}:.frozen"},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(BATCH)
    for case, (requests, outcome) in zip(BATCH, answers, strict=True):
        compare(case, requests, outcome, exact=False)


def device(section: Any) -> str:
    """What the device says of a section; "" if it is good."""
    try:
        Config({"provider": "rest", "url": "http://localhost", "rest": copy.deepcopy(section)})
    except EnrollError as error:
        return str(error)
    return ""


def judged(ask_python, sections: list[Any]) -> None:
    """The device and the schema say the same of each, except about what a name refers to."""
    schema = json.loads((ROOT / "docs/services/rest.schema.json").read_text())
    for section, verdict in zip(sections, ask_python("rest_schema.py", schema=schema, documents=sections), strict=True):
        said = device(section)
        if not said or not any(words in said for words in NAMES):
            assert bool(said) == bool(verdict), (section, said, verdict)


def test_the_schema_takes_every_example(ask_python):
    judged(ask_python, [json.loads(path.read_text())["rest"] for path in EXAMPLES])
    assert not any(device(json.loads(path.read_text())["rest"]) for path in EXAMPLES)


@settings(max_examples=4, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(descriptions.cases().map(lambda case: case["section"]), min_size=10, max_size=10))
def test_the_schema_takes_what_the_device_takes(ask_python, sections):
    judged(ask_python, sections)


@settings(max_examples=4, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(descriptions.mistaken(), min_size=10, max_size=10))
def test_the_schema_refuses_what_the_device_refuses(ask_python, sections):
    judged(ask_python, sections)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(descriptions.leaking("s3canary"))
def test_no_mistake_shows_what_is_in_a_template(tmp_path, section):
    """Neither the device's sentence nor that of `provision`, wherever a secret was typed."""
    said = device(section)
    path = tmp_path / "boards.json"
    path.write_text(json.dumps({"provider": "rest", "url": "http://localhost", "rest": section}))
    try:
        Template(path).settings()
    except Failure as failure:
        assert failure.message.startswith("boards.json: ") and "canary" not in failure.message, failure.message
    else:
        assert not said, said
    assert "canary" not in said, said
