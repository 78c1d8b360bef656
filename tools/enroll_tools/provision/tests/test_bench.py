"""Secrets that open more than one device never get to a board."""

import json

import pytest
from enroll_tools.provision.errors import Failure
from enroll_tools.provision.table import Table
from enroll_tools.provision.template import Template
from enroll_tools.sandbox.services.azure_token import derived

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


def table(template, text):
    path = template.path.parent / "devices.csv"
    path.write_text(text)
    return Table(path, template)


def secrets_of(row):
    return json.loads(row.settings.text)[row.settings.provider]


@pytest.mark.parametrize("column", [False, True])
def test_each_row_gets_a_device_key_of_its_own(tmp_path, column):
    """From the group key of the template, or of the row. It is in no result: those get the columns `carried`."""
    found = table(
        template(tmp_path, **({"group_key": None} if column else {})),
        f"serial,group_key,note\n{SERIAL},{GROUP_KEY},a\nsn-2,{GROUP_KEY},b\n"
        if column
        else f"serial,note\n{SERIAL},a\nsn-2,b\n",
    )
    keys = {it["serial"]: it["device_key"] for it in map(secrets_of, found.rows)}
    assert keys == {SERIAL: DEVICE_KEY, "sn-2": derived(GROUP_KEY, "sn-2")}
    for row, other in zip(found.rows, found.rows[::-1], strict=True):
        assert GROUP_KEY.encode() not in row.settings.text and b"group_key" not in row.settings.text
        assert GROUP_KEY in row.settings.secrets and keys[other.name] not in row.settings.secrets
    assert found.carried == ["note"] and [row.more for row in found.rows] == [{"note": "a"}, {"note": "b"}]


def test_a_group_key_of_a_row_that_cannot_be_used(tmp_path):
    with pytest.raises(Failure, match=r"devices\.csv, line 2: `group_key` wants Base64"):
        table(template(tmp_path), f"serial,group_key\n{SERIAL},not base64\n")


@pytest.fixture
def claims(tmp_path):
    """A template of `rest` whose claim code only the table has."""
    step = {"method": "POST", "path": "/claim", "json": {"code": "{code}", "fleet": "{fleet}"}}
    section = {"secrets": {"fleet": "fleet-1234"}, "steps": [{**step, "take": {"id": "id", "secret": "token"}}]}
    path = tmp_path / "rest.json"
    path.write_text(json.dumps({"provider": "rest", "url": "http://localhost", "rest": section}))
    return Template(path)


@pytest.mark.parametrize(
    "text",
    [
        "serial,secrets.code\n1,code-1\n2,code-2\n",
        'serial,secrets\n1,"{""code"": ""code-1"", ""fleet"": ""fleet-1234""}"\n'
        '2,"{""code"": ""code-2"", ""fleet"": ""fleet-1234""}"\n',
        'serial,secrets.code,secrets\n1,code-1,"{""fleet"": ""fleet-1234"", ""code"": ""x""}"\n2,code-2,\n',
    ],
    ids=["a field", "an object", "both"],
)
def test_a_column_fills_a_secret_of_rest(claims, text):
    """A column of its own, or JSON. Nobody else's secret is on a board, and none is in a result."""
    found = table(claims, text)
    for row, code in zip(found.rows, ("code-1", "code-2"), strict=True):
        assert secrets_of(row)["secrets"] == {"fleet": "fleet-1234", "code": code}
        assert {"fleet-1234", code} <= row.settings.secrets
    assert found.carried == [] and not found.rows[0].more


@pytest.mark.parametrize("name", ["Secrets.code", "secret.code", "SECRETS.code"])
def test_a_column_of_secrets_that_is_misspelt_is_not_carried_into_the_result(claims, name):
    with pytest.raises(Failure, match=r"did you mean `secrets\.code`\?"):
        table(claims, f"serial,{name}\n1,code-1\n")


def test_a_column_with_a_dot_that_is_no_object(claims):
    """It has nothing to do with the configuration."""
    assert table(claims, "serial,secrets.code,serial.old,v1.0\n1,code-1,a,b\n").carried == ["serial.old", "v1.0"]


def test_a_placeholder_in_a_column_of_secrets(claims):
    with pytest.raises(Failure, match=r"line 2: `secrets\.code` is a placeholder"):
        table(claims, 'serial,secrets.code\n1,"{""$file"": ""x""}"\n')


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
