"""enroll.json: the device and the JSON Schema, read by another's validator, say the same of the same files."""

from __future__ import annotations

import copy
import json

import config_files
import pytest
from devices import ROOT
from enroll import broker, networks, schema
from enroll.config import Config
from enroll.errors import EnrollError
from enroll_tools import schemas
from enroll_tools.provision import bench, library
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schema_of_config import PATH

# What a JSON Schema cannot say, in the device's words: see tools/schema_of_config.py.
BEYOND = (
    "has an unknown name",
    "uses itself",
    "means something else",
    "wants base64",
    "`ca` names",
    "retry.cap` must be at least",
    "xyte.children` lists one twice",
    "`gateway` and `dns` need `ip`, and its subnet",
    "network.ip` must be",
    "network.ssid` must be text of up to 32 bytes",
    "network.password` must be 8 to 63 bytes",
    "portal.ssid` must be text of up to 32 bytes",
    "portal.password` must be 8 to 63 bytes",
)
EXAMPLES = sorted((ROOT / "firmware" / "examples").glob("*.json"))


@pytest.fixture
def device(tmp_path):
    """What the device says of a file; "" if it is good."""
    (tmp_path / "ca.der").touch()

    def say(found):
        try:
            it = Config(copy.deepcopy(found), str(tmp_path / "enroll.json"))
            later = {key: found[key] for key in ("mqtt", "portal") if isinstance(found.get(key), dict)}
            if "mqtt" in later:  # both are checked when they are used
                broker.checked(it, later["mqtt"])
            if "portal" in later:
                schema.fields(later["portal"], networks.PORTAL, "portal")
        except EnrollError as error:
            return str(error)
        except ValueError as error:
            assert "null byte" in str(error)  # CPython's os.stat; MicroPython's finds no such file
            return "`ca` names"
        return ""

    return say


def judged(ask_python, device, found):
    """The device and the schema say the same of each; returns how many are good."""
    verdicts = ask_python("rest_schema.py", schema=json.loads(PATH.read_text()), documents=found)
    said = [device(it) for it in found]
    for it, ours, theirs in zip(found, said, verdicts, strict=True):
        if not ours or not any(words in ours for words in BEYOND):
            assert bool(ours) == bool(theirs), (it, ours, theirs)
        if theirs:
            assert ours, (it, theirs)
    return said.count("")


def test_the_schema_takes_every_example(ask_python, device):
    found = [json.loads(path.read_text()) for path in EXAMPLES]
    for it in found:
        it["ca"] = "ca.der"
    assert judged(ask_python, device, found) == len(found) > 9


@pytest.mark.parametrize("name", library.names())
def test_the_device_and_the_schema_agree(ask_python, device, name):
    good = []

    @settings(max_examples=3, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 2**40))
    def compare(seed):
        found = [config_files.file(seed + number, name, library.provider(name)) for number in range(250)]
        good.append(judged(ask_python, device, found))

    compare()
    assert sum(good) > 60, "too few good files to say that the schema takes them"


@pytest.mark.parametrize("name", library.names())
def test_each_odd_value_in_each_place(ask_python, device, name):
    """In every key of a table, one at a time; for one provider also in those that all have."""
    base = config_files.full(name, library.provider(name))
    found = [base]
    for place in config_files.places(base)[1:]:
        if (place[0] != name and name != "etherfax") or (name == "rest" and len(place) > 2):
            continue  # of descriptions see test_rest.py
        for odd in config_files.ODD:
            changed = copy.deepcopy(base)
            inner = changed
            for step in place[:-1]:
                inner = inner[step]
            inner[place[-1]] = odd
            found.append(changed)
    assert not device(base)
    judged(ask_python, device, found)


def test_a_template_takes_a_placeholder_for_any_text(ask_python, device):
    """That is what an editor shows; the rest of the file is judged as on the device."""
    found, good = [], []
    for path in EXAMPLES:
        base = json.loads(path.read_text())
        base["ca"] = "ca.der"
        found.append(base | {"nothing": 1})
        for key in config_files.places(base)[1:]:
            changed = copy.deepcopy(base)
            inner = changed
            for step in key[:-1]:
                inner = inner[step]
            if isinstance(inner[key[-1]], str) and key[-1] not in ("provider", "method", "means", "token_type"):
                inner[key[-1]] = {"$prompt": "x"}
                good.append(changed)
    schema = schemas.template(bench.INPUTS)
    assert not any(ask_python("rest_schema.py", schema=schema, documents=good))
    assert all(ask_python("rest_schema.py", schema=schema, documents=found))
    assert any(device(it) for it in good), "it goes to no board"
