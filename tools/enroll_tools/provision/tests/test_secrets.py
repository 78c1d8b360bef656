"""Secrets go to the board, and nowhere else."""

import dataclasses
import json
import sys
from urllib.parse import quote

import pytest
from enroll_tools.provision import boot, work
from enroll_tools.provision.template import Template
from enroll_tools.provision.untrusted import Secrets
from enroll_tools.provision.work import Options, provide

PLACES = {"WIFI": "canary-wifi", "file": "canary-file", "typed": "canary-typed"}


def test_secrets_from_placeholders_reach_only_the_board(plug, desk, reads):
    desk.write(
        "etherfax",
        network=[
            {"ssid": "environment", "password": {"$env": "WIFI"}},
            {"ssid": "file", "password": {"$file": "wifi.txt"}},
            {"ssid": "prompt", "password": {"$prompt": "Password of the third network"}},
        ],
    )
    (desk.folder / "wifi.txt").write_text(PLACES["file"] + "\n", encoding="utf-8")
    before = {path: path.read_bytes() for path in desk.folder.iterdir() if path.is_file()}
    board = plug(stocked=True)
    done = desk.really("one", "enroll.json", board=board, typed=PLACES["typed"] + "\n", WIFI=PLACES["WIFI"])
    assert done.status == 0, done
    assert "Password of the third network" in done.err
    assert not any(secret in done.out + done.err + done.seen for secret in PLACES.values())
    assert "canary" not in done.seen and "provision" in done.seen
    assert {path: path.read_bytes() for path in desk.folder.iterdir() if path.is_file()} == before
    there = {item["ssid"]: item["password"] for item in reads(board, "enroll.json")["network"]}
    assert there == {"environment": PLACES["WIFI"], "file": PLACES["file"], "prompt": PLACES["typed"]}
    for words in (["status"], ["status", "--json"], ["logs", "--restart", "--seconds", "0.5"]):
        done = desk.run(*words, board=board)
        assert "canary" not in done.out + done.err


def test_secrets_that_a_board_prints_are_hidden(plug, desk, monkeypatch):
    desk.write("etherfax", network=[{"ssid": "net", "password": PLACES["WIFI"]}])
    said = f"refused: {PLACES['WIFI']}"
    code = f"def main():\n    print('enroll: joining with {PLACES['WIFI']}')\n    return [77, {said!r}, '', '', 0]"
    monkeypatch.setattr(work, "BOOT", dataclasses.replace(boot.BOOT, code=code))
    heard: list[str] = []
    board = plug(stocked=True)
    outcome = provide(board.port, Template(desk.folder / "enroll.json").settings(), Options(), heard.append)
    board.said.clear()
    assert (outcome.status, outcome.state, outcome.text) == (77, "refused", "refused: ***")
    assert "enroll: joining with ***" in heard and "canary" not in "".join(heard)


SPELLED = 'canary "net" \\ caf\u00e9\u00a0it\'s & more'
KEY = "-----BEGIN KEY-----\ncanaryAAAABBBB/CCC\nDDDDEEEE1111222=\n-----END KEY-----\n"


@pytest.mark.parametrize(
    "spell",
    [str, repr, ascii, json.dumps, lambda it: json.dumps(it, ensure_ascii=False), quote, lambda it: repr(it.encode())],
)
def test_secrets_are_hidden_however_they_are_spelled(spell):
    assert Secrets([SPELLED]).hide(f"password {spell(SPELLED)}.").replace("'", "").replace('"', "") in (
        "password ***.",
        "password b***.",
    )


def test_each_line_of_a_key_is_hidden():
    hidden = [Secrets([KEY]).hide(line) for line in KEY.splitlines()]
    assert hidden == ["***"] * 4


def test_a_secret_cut_at_the_end_is_hidden():
    assert "canary" not in Secrets(["canary-net"]).hide("x" * 290 + "canary-net" * 1000)
    assert "canary" not in Secrets(["canary-net"]).hide("canary-net" * 1000)


def test_secrets_are_hidden_longest_first_and_short_ones_not_at_all():
    assert Secrets(["abcd", "abcdef", "1"]).hide("abcdef abcd 1") == "*** *** 1"


def test_secrets_are_hidden_in_whatever_a_board_tells(plug, desk, monkeypatch):
    """The state of an outcome and the sentence of a failure were printed as they came."""
    secret = "canary net"
    desk.write("etherfax", network=[{"ssid": "net", "password": secret}])
    board = plug(stocked=True)
    for answer, status in (
        ([77, f"{secret}: x", "", "", 0], 76),
        ([77, f"refused: {json.dumps(secret)}", "", "", 0], 77),
        ([0, "ok", secret, "9", 0], 76),
        ([0, "ok", "etherfax", secret, 0], 74),
        (secret, 76),
        (None, 76),
    ):
        code = f"def main():\n  print({secret!r})\n  assert {answer!r}, {secret!r}\n  return {answer!r}\n"
        monkeypatch.setattr(work, "BOOT", dataclasses.replace(boot.BOOT, code=code))
        done = desk.run("one", "--json", "enroll.json", board=board)
        assert done.status == status and "canary" not in done.out + done.err, done
        assert "***" in done.out + done.err
    board.said.clear()


def test_every_secret_of_a_configuration_is_known(desk):
    section = desk.write("centagate", network=[{"ssid": "net", "password": "canary-net"}])
    settings = Template(desk.folder / "enroll.json").settings()
    token = json.loads(settings.text)["centagate"]["cen_token"]
    assert settings.secrets == {section["auth_token"], section["secret_code"], token, "canary-net"}
    assert "canary" not in repr(settings) and token not in repr(settings)
    assert "micropython" not in sys.modules  # it is there for the library's import only


def test_a_value_from_a_placeholder_is_secret_unless_it_is_the_identity(desk, monkeypatch):
    details = {"note": {"$env": "NOTE"}, "list": [{"$env": "NOTE"}]}
    desk.write("xyte", {"sn": {"$env": "SN"}, "hardware_key": {"$env": "KEY"}, "details": details})
    for name in ("NOTE", "SN", "KEY"):
        monkeypatch.setenv(name, f"canary-{name}")
    settings = Template(desk.folder / "enroll.json").settings()
    assert settings.secrets == {"canary-NOTE", "canary-KEY"}
    assert settings.device.startswith("sn=canary-SN;mac=02:")
    assert json.loads(settings.text)["xyte"]["details"] == {"note": "canary-NOTE", "list": ["canary-NOTE"]}
