"""Secrets that open more than one device never get to a board."""

import json

import pytest
from provision.errors import Failure
from provision.template import Template

GROUP_KEY = "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw=="
SERIAL = "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6"
DEVICE_KEY = "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc="


def template(folder, **section):
    found = {"id_scope": "0ne00111111", "group_key": GROUP_KEY, **section}
    data = {"provider": "azure", "url": "http://localhost", "azure": found}
    path = folder / "azure.json"
    path.write_text(json.dumps(data))
    return Template(path)


def test_azures_published_vector_of_a_derived_key(tmp_path):
    """The group key is in nothing that gets to the board, and in nothing that is printed."""
    for settings in (
        template(tmp_path, serial=SERIAL).settings(),
        template(tmp_path).settings({"serial": SERIAL}),
        template(tmp_path).settings({"serial": SERIAL}, keep=True),
    ):
        section = json.loads(settings.text)["azure"]
        assert section == {"id_scope": "0ne00111111", "serial": SERIAL, "device_key": DEVICE_KEY}
        assert {GROUP_KEY, DEVICE_KEY} <= settings.secrets


@pytest.mark.parametrize(
    ("section", "says"),
    [
        ({}, "needs the device's `serial`"),
        ({"serial": SERIAL, "group_key": "not base64"}, "`azure.group_key` wants Base64"),
        ({"serial": SERIAL, "group_key": 5}, "`azure.group_key` wants Base64"),
        ({"serial": SERIAL, "group_key": ""}, "`azure.group_key` wants Base64"),
        ({"serial": SERIAL, "device_key": DEVICE_KEY}, "keep one"),
    ],
)
def test_a_group_key_that_cannot_be_used(tmp_path, section, says):
    with pytest.raises(Failure, match=r"azure\.json: ") as caught:
        template(tmp_path, **section).settings()
    assert says in caught.value.message and caught.value.exit_code == 78


def test_a_device_key_alone_goes_to_the_board(tmp_path):
    data = {"provider": "azure", "url": "http://localhost"}
    data["azure"] = {"id_scope": "0ne00111111", "serial": SERIAL, "device_key": DEVICE_KEY}
    path = tmp_path / "azure.json"
    path.write_text(json.dumps(data))
    assert json.loads(Template(path).settings().text)["azure"] == data["azure"]
