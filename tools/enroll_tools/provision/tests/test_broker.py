"""What enroll.json says of an MQTT broker is checked on the computer, and the broker's CA is copied."""

import json
import re

import pytest
from devices import ROOT
from enroll_tools.provision.errors import Failure
from enroll_tools.provision.plan import plan
from enroll_tools.provision.template import Template

REST = {"steps": [{"method": "POST", "path": "/r", "take": {"secret": "key", "id": "id"}}]}
SECTION = {"serial": "s-1", "provision_key": "k", "provision_secret": "secret-canary"}


@pytest.fixture
def settings(tmp_path):
    """`settings(mqtt)`: of a file with that, beside a folder with a CA in it."""
    (tmp_path / "certificates").mkdir()
    (tmp_path / "certificates" / "broker.pem").write_text("the broker's CA")
    (tmp_path / "main.py").write_text("another file")

    def settings(mqtt):
        path = tmp_path / "enroll.json"
        data = {"provider": "thingsboard", "url": "http://localhost", "mqtt": mqtt, "thingsboard": SECTION}
        path.write_text(json.dumps(data))
        return Template(path).settings()

    return settings


def test_the_brokers_ca_goes_to_the_board(settings):
    found = settings({"ca": "certificates/broker.pem", "port": 8884})
    assert json.loads(found.text)["mqtt"] == {"ca": "broker.pem", "port": 8884}
    files = plan(found, "rp2", "RPI_PICO_W", True, None)
    assert files["/broker.pem"].data == b"the broker's CA"


def test_it_replaces_no_file_of_the_board(settings):
    with pytest.raises(Failure, match="is a file of the board's own"):
        plan(settings({"ca": "main.py"}), "rp2", "RPI_PICO_W", True, None)


@pytest.mark.parametrize(
    ("mqtt", "words"),
    [
        ({"ca": "missing.pem"}, "enroll.json: `mqtt.ca` names missing.pem, which is not there: copy it there"),
        ({"port": "8883"}, "enroll.json: `mqtt.port` must be a whole number from 1 to 65535: correct it"),
        ({"user": "me"}, "enroll.json: `mqtt.user` is unknown: correct it"),
    ],
)
def test_a_mistake_is_told_before_a_board_is_touched(settings, mqtt, words):
    with pytest.raises(Failure) as told:
        settings(mqtt)
    assert told.value.message == words


def test_nothing_about_a_broker_is_as_good_as_left_out(settings):
    for nothing in (None, "", {}):
        assert settings(nothing).broker_ca is None


def test_what_the_page_shows_is_good(tmp_path):
    """Each of its blocks, for the cloud that it is for."""
    blocks = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "mqtt.md").read_text(), re.DOTALL)
    (tmp_path / "broker.der").touch()
    for block, provider, section in zip(blocks, ("thingsboard", "rest"), (SECTION, REST), strict=True):
        path = tmp_path / f"{provider}.json"
        path.write_text(
            json.dumps({"provider": provider, "url": "http://localhost", provider: section, **json.loads(block)})
        )
        assert Template(path).settings().provider == provider
