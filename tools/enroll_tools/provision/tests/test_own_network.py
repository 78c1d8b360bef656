"""The network that a device makes: its password of its own, on the board and on the label, and nowhere else."""

import hashlib
import hmac
import json
import sys

import pytest
from enroll_tools.provision.errors import Failure
from enroll_tools.provision.own_network import ALPHABET, OwnNetwork, derive
from enroll_tools.provision.template import Template
from enroll_tools.provision.tests.terminal import Terminal

BATCH = "canary-of-the-batch-1"


@pytest.fixture
def settings(desk):
    """`settings(portal, row, **section)`: what a board gets with this `portal` in enroll.json."""

    def settings(portal, row=None, service="etherfax", **section):
        desk.write(service, section, portal=portal)
        return Template(desk.folder / "enroll.json").settings(row)

    return settings


def test_a_password_is_derived_from_the_devices_identity_and_the_batchs_secret():
    """By Python's own arithmetic: a printed label stays good in later versions."""
    rest = int.from_bytes(hmac.digest(BATCH.encode(), b"enroll portal\nserial=MT000007001", hashlib.sha256), "big")
    digits = [ALPHABET[rest // len(ALPHABET) ** place % len(ALPHABET)] for place in range(12)]
    assert derive(BATCH, "serial=MT000007001") == "".join(digits) == "22vn3jk56pdh"
    assert not set(ALPHABET) & set("01ilo") and ALPHABET.lower() == ALPHABET
    many = {derive(BATCH, f"serial={number}") for number in range(1000)}
    assert len(many) == 1000 and set("".join(many)) == set(ALPHABET)
    assert derive(BATCH + "2", "serial=1") not in many


def test_a_board_gets_its_own_password_and_never_the_batchs_secret(settings):
    portal = {"ssid": "Acme {serial}", "batch_secret": BATCH}
    found = [settings(portal, {"serial": serial}) for serial in ("MT000007001", "MT000007002")]
    for it in found:
        text = it.text.decode()
        own = json.loads(text)["portal"]
        assert own == {"ssid": f"Acme {it.identity['serial']}", "password": derive(BATCH, it.device)}
        assert BATCH not in text and BATCH not in repr(it) and own["password"] not in repr(it)
        assert it.secrets.hide(f"{BATCH} {own['password']}") == "*** ***"
    assert found[0].own_network.password != found[1].own_network.password


def test_a_password_may_be_given(settings):
    assert settings({"ssid": "Acme", "password": "own-canary"}).own_network == OwnNetwork("Acme", "own-canary")
    assert settings(None).own_network is None


@pytest.mark.parametrize(
    ("portal", "said"),
    [
        (
            {"ssid": "Acme {mac}", "batch_secret": BATCH},
            "`portal.ssid` names {mac}, which is neither in the file nor in the table: use {",
        ),
        ({"ssid": "Acme", "batch_secret": "short"}, "`portal.batch_secret` wants text of at least 16 characters"),
        ({"ssid": "Acme", "batch_secret": 5}, "`portal.batch_secret` wants text"),
        ({"ssid": "Acme", "batch_secret": BATCH, "password": "own-canary"}, "keep one"),
        ({"ssid": "Acme"}, "`portal.password` is missing"),
        ({"ssid": "Acme", "password": "short"}, "`portal.password` must be 8 to 63 bytes"),
        ({"ssid": "x" * 33, "password": "own-canary"}, "`portal.ssid` must be text of up to 32 bytes"),
        ({"ssid": "Acme", "password": "own-canary", "channel": 6}, "`portal.channel` is unknown"),
        ({"password": "own-canary"}, "`portal.ssid` is missing"),
        (["Acme"], "`portal` must be an object"),
    ],
)
def test_a_mistake_is_named_before_a_board_is_touched(settings, portal, said):
    with pytest.raises(Failure) as failed:
        settings(portal)
    assert said in failed.value.message and "canary" not in failed.value.message


def test_a_device_whose_identity_only_its_board_knows_needs_it_in_the_table(desk):
    desk.write("etherfax", {"serial": None}, portal={"ssid": "Acme", "batch_secret": BATCH})
    template = Template(desk.folder / "enroll.json")
    with pytest.raises(Failure, match="needs the device's identity"):
        template.settings()
    assert template.settings({"serial": "MT000007001"}).own_network


def test_a_qr_code_is_what_phones_read():
    own = OwnNetwork('a;b:"c\\,d', "p;w")
    assert own.label["portal_qr"] == 'WIFI:T:WPA;S:a\\;b\\:\\"c\\\\\\,d;P:p\\;w;;'


def test_the_station_passes_it_to_the_label_and_to_nothing_else(plug, desk, reads):
    desk.write("etherfax", portal={"ssid": "Acme {serial}", "batch_secret": {"$env": "BATCH"}})
    serial = desk.table(1)[0]
    (desk.folder / "label.py").write_text("import sys\nopen('label', 'w').write('\\n'.join(sys.argv[1:]))\n")
    after = f"{sys.executable} label.py {{portal_ssid}} {{portal_password}} {{portal_qr}}"
    board = plug(stocked=True)
    words = ("station", "devices.csv", "--port", board.port, "--after", after)
    with Terminal(desk.folder, *words, BATCH=BATCH) as terminal:
        assert terminal.end() == 0
    password = derive(BATCH, f"serial={serial}")
    ssid = f"Acme {serial}"
    label = (desk.folder / "label").read_text().splitlines()
    assert label == [ssid, password, f"WIFI:T:WPA;S:{ssid};P:{password};;"]
    assert reads(board, "enroll.json")["portal"] == {"ssid": ssid, "password": password}
    (desk.folder / "label").unlink()
    for data in (bytes(terminal.raw), *(path.read_bytes() for path in desk.folder.iterdir() if path.is_file())):
        assert password.encode() not in data and BATCH.encode() not in data
