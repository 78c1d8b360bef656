"""Secrets that open more than one device never get to a board."""

import json

import pytest
from enroll_tools.provision.errors import Failure
from enroll_tools.provision.template import Template
from enroll_tools.sandbox.services.azure import derived

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


def test_a_board_registers_with_a_key_of_its_own(plug, desk, reads, tmp_path):
    """The group key is in no byte that is sent to it, on its flash, or printed."""
    desk.sandbox.azure.create_in_group("grouped", GROUP_KEY)
    desk.write("azure", {"serial": "grouped", "device_key": None, "group_key": {"$env": "GROUP_KEY"}})
    board = plug(stocked=True)
    done = desk.run("one", "enroll.json", board=board, GROUP_KEY=GROUP_KEY)
    assert done.status == 0, done
    section = reads(board, "enroll.json")["azure"]
    assert section["device_key"] == derived(GROUP_KEY, "grouped") and "group_key" not in section
    flash = b"".join(path.read_bytes() for path in tmp_path.glob("flash-*"))
    assert section["device_key"].encode() in flash
    for seen in (flash, bytes(board.heard), done.out.encode(), done.err.encode()):
        assert GROUP_KEY.encode() not in seen and b"group_key" not in seen
    assert section["device_key"] not in done.out + done.err


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
