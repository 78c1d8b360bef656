"""The table of devices as people and spreadsheets write it. Each mistake is reported with its file and line."""

import codecs
import json

import pytest
from enroll_tools.provision.errors import Failure
from enroll_tools.provision.table import Table
from enroll_tools.provision.template import Template


@pytest.fixture
def read(desk):
    """`read(text)`: a Table of etherFAX devices."""
    desk.write("etherfax")

    def read(text, provider="etherfax", **more):
        if provider != "etherfax":
            desk.write(provider)
        path = desk.folder / "devices.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Table(path, Template(desk.folder / "enroll.json"), **more)

    return read


def sections(table):
    return [json.loads(row.settings.text)["etherfax"] for row in table.rows]


MISTAKES = [
    ("port,serial\n", "devices.csv has no row below its header"),
    ("", "devices.csv is empty"),
    (",,\n\n", "devices.csv is empty"),
    ("port,serial\n/dev/a,1\n/dev/b,1\n", "line 3: serial=1 is on line 2, too"),
    ("board,serial\nAA,1\n\naa,2\n", "line 4: AA is on line 2, too"),
    ("board,serial\nhello,1\n", "line 2: `board` wants an id like 24:0A"),
    ("port,serial\n/dev/a\n", "line 2: it has 1 cells and the header 2"),
    ("port,serial\n/dev/a,1,2\n", "line 2: it has 3 cells and the header 2"),
    ("serial,utc_ofset\n1,2\n", "line 1: the column `utc_ofset` is not a key: did you mean `utc_offset`?"),
    ("Serial\n1\n", "line 1: the column `Serial` is not a key: did you mean `serial`?"),
    ("serial,serial\n1,2\n", "line 1: the column `serial` is there twice"),
    ("serial,text\n1,2\n", "line 1: `text` is a column of the result, too"),
    ("serial,,note\n1,2,3\n", "line 2: a cell has no name in the header"),
    ('serial,note\n1,"two\nlines"\n2,"x"y\n', "line 4: "),
    ('serial,note\n1,"open\n2,x\n', "line 2: "),
    ("serial\n1\nM\xfcller\n".encode("latin-1"), "line 3: not in UTF-8: save the table as 'CSV UTF-8'"),
    ("port,utc_offset\n/dev/a,east\n", "line 2: `utc_offset` must be hours"),
    ('serial\n"{""$file"": ""x""}"\n', "line 2: `serial` is a placeholder: accept such cells with --placeholders"),
    ('serial\n"{""a"": [{""$env"": ""x""}]}"\n', "line 2: `serial` is a placeholder"),
    ("utc_offset,serial\n1,A1\n2,\n", "line 3: `serial` is empty, and enroll.json has that of one device: put this"),
    (
        "MT000000001,4711\nMT000000002,4712\n",
        "devices.csv has no column that tells devices apart: give it one, `serial`",
    ),
    ("Serial No.,order\nMT1,1\nMT2,2\n", "devices.csv has no column that tells devices apart: give it one, `serial`"),
    (
        "serial\nMT1\nMT2\n".encode("utf-32"),
        "devices.csv has no column that tells devices apart: give it one, `serial`",
    ),
    ('serial\n"{""a"": ' + 40000 * "[" + '"\n', "line 2: `serial` must be printable ASCII text"),
]


@pytest.mark.parametrize(("text", "sentence"), MISTAKES)
def test_a_mistake(read, text, sentence):
    with pytest.raises(Failure) as caught:
        read(text)
    assert sentence in caught.value.message and "devices.csv" in caught.value.message
    assert caught.value.exit_code == 78


ROWS = 'serial,utc_offset,order\nA1,5.5,"4,711"\nA2,,x\n'


@pytest.mark.parametrize(
    "text",
    [
        ROWS,
        ROWS.replace("\n", "\r\n"),
        codecs.BOM_UTF8.decode() + ROWS,
        ("serial\tutc_offset\torder\nA1\t5.5\t4,711\nA2\t\tx\n").encode("utf-16"),
        'serial;utc_offset;order\n"A1";5.5;"4,711"\nA2;;x\n',
        "sep=;\r\nserial;utc_offset;order\r\nA1;5.5;4,711\r\nA2;;x\r\n",
        "serial\tutc_offset\torder\nA1\t5.5\t4,711\nA2\t\tx\n",
        ROWS + ",,\n\n,,,,\n",
        ",,\n" + ROWS,
        'serial, utc_offset, order,\nA1, 5.5, "4,711",\nA2,,x,,\n',
    ],
)
def test_spellings_of_one_table(read, text):
    table = read(text)
    assert sections(table) == [{"serial": "A1", "utc_offset": 5.5}, {"serial": "A2"}]
    assert [row.more for row in table.rows] == [{"order": "4,711"}, {"order": "x"}] and table.carried == ["order"]
    assert table.note(table.rows[1], "24:0A:C4") == ""
    before = table.path.read_bytes()
    again = Table(table.path, table._template)
    assert [(row.board, row.more) for row in again.rows] == [("", {"order": "4,711"}), ("24:0A:C4", {"order": "x"})]
    assert sections(again) == sections(table)
    assert again.note(again.rows[1], "24:0A:C4") == "" and table.path.read_bytes() == before


def test_a_table_that_was_changed_meanwhile_is_left_alone(read):
    table = read("serial\n1\n2\n")
    table.path.write_text("serial\n1\n")
    assert "was changed meanwhile" in table.note(table.rows[0], "AA") and table.path.read_text() == "serial\n1\n"


def test_the_file_that_has_the_mistake_is_blamed(read, desk):
    config = json.loads((desk.folder / "enroll.json").read_text())
    (desk.folder / "factory.json").write_text(json.dumps(config | {"timeout": "soon"}))
    path = desk.folder / "devices.csv"
    path.write_text("serial\n1\n")
    with pytest.raises(Failure) as caught:
        Table(path, Template(desk.folder / "factory.json"))
    assert caught.value.message.startswith("factory.json: `timeout` must be seconds")
    assert "factory.json: `timeout` must be" in desk.failed(78, "one", "factory.json", "--port", "/dev/ttyNONE")
    with pytest.raises(Failure) as caught:
        read("firmware_version\n1\n2\n", provider="xyte").path.write_text("")
    assert "devices.csv has no column that tells devices apart: give it one, `sn` or `mac`" in caught.value.message


def test_placeholders_in_cells_only_with_the_option_and_files_only_beside_the_template(read, desk, tmp_path):
    (desk.folder / "mine").write_text("S7\n")
    (tmp_path / "outside").write_text("canary-of-the-host")
    (desk.folder / "link").symlink_to(tmp_path / "outside")
    cell = 'serial\n"{{""$file"": ""{}""}}"\n'
    assert sections(read(cell.format("mine"), placeholders=True)) == [{"serial": "S7"}]
    for name in ("../outside", str(tmp_path / "outside"), "link"):
        with pytest.raises(Failure, match="is not beside it"):
            read(cell.format(name), placeholders=True)
