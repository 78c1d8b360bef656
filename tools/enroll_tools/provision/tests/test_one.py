"""One board, from its first byte to its factory reset."""

import hashlib
import hmac
import json
import re
import socket

import pytest
from enroll_tools.provision.template import Template
from enroll_tools.provision.work import Options, provide


@pytest.mark.long("chip")
def test_a_board_from_its_first_byte_to_its_reset(plug, runtime, desk, sandbox):
    section = desk.write("etherfax")
    (desk.folder / "ca.der").unlink()
    board = plug(runtime)
    said = {}
    for command in ("ca enroll.json --out ca.der", "one enroll.json", "status", "reset"):
        words = command.split()
        done = desk.really(*words, board=board, typed="y\n", SSL_CERT_FILE=str(sandbox.ca_pem))
        assert done.status == 0, done
        said[words[0]] = done.out
        if words[0] == "one":
            board.says("app: GET /accounts: HTTP 200")  # it was left running
    serial = section["serial"]
    assert said["one"] == f"registered etherfax {serial}\n"
    assert f"registered etherfax {serial} at https://" in said["status"]
    assert "all as they were installed" in said["status"]
    assert "erased" in said["reset"]
    board.heard.clear()
    again = desk.run("status", board=board)
    assert again.status == 75 and "not registered yet: etherfax at" in again.out
    assert desk.run("logs", "--seconds", "0.3", board=board).out == ""  # not started: it would register again
    assert b"\x02\x04" not in board.heard
    assert len([entry for entry in sandbox.log("etherfax") if "/devices" in entry.path]) == 1


# a module is damaged, and a folder has one that this version lacks
SPOIL = """
import os
os.mkdir("/lib/enroll/gone")
for name in ("tasks.mpy", "gone/old.py"):
    with open("/lib/enroll/" + name, "a") as file:
        file.write("x")
"""


def test_a_second_run_copies_what_is_not_right_and_nothing_else(plug, desk):
    desk.write("etherfax")
    board = plug()
    done = desk.run("one", "--json", "enroll.json", board=board)
    first = json.loads(done.out)
    copied = re.search(r"(\d+ files) copied with enroll.json and provision.json, 0 already up to date", done.err)
    assert copied and f", {copied[1]}, " in desk.run("status", board=board).out, "two counts of the same"
    assert first["copied"][-1] == "/main.py" and first["kept"] == 0 and first["status"] == 0
    assert "/lib/enroll/providers/etherfax/__init__.mpy" in first["copied"] and "/port.py" in first["copied"]
    second = json.loads(desk.run("one", "--json", "enroll.json", board=board).out)
    assert (second["copied"], second["removed"]) == ([], [])
    before = f"{first['text']} (it was registered before, since {first['since']}; the service was not asked"
    assert second["text"] == f"{before}: its next request, in 'enroll-provision logs --restart', shows what it says)"
    board.mpremote("exec", SPOIL)
    found = json.loads(desk.run("status", "--json", board=board).out)
    assert found["changed"] == ["/lib/enroll/tasks.mpy"] and found["registered"]
    assert "/enroll.json" not in found["hashes"]
    third = json.loads(desk.run("one", "--json", "enroll.json", board=board).out)
    assert (third["copied"], third["removed"]) == (["/lib/enroll/tasks.mpy", "/main.py"], ["/lib/enroll/gone/old.py"])
    assert "gone" not in board.mpremote("fs", "ls", ":/lib/enroll").stdout


def test_source_files_and_an_own_application_are_installed(registered, desk):
    board, _ = registered()
    (desk.folder / "mine.py").write_text("def main(session):\n    print('my own', session.credential.provider)\n")
    done = json.loads(desk.run("one", "--source", "--app", "mine.py", "--json", "enroll.json", board=board).out)
    assert "/lib/enroll/tasks.py" in done["copied"] and "/lib/enroll/tasks.mpy" in done["removed"]
    assert "my own etherfax" in desk.run("logs", "--restart", "--seconds", "0.6", board=board).out


def test_an_erased_token_is_not_copied_again(plug, desk, reads):
    desk.write("ickstream")
    board = plug(stocked=True)
    assert desk.run("one", "enroll.json", board=board).status == 0
    assert not reads(board, "enroll.json")["ickstream"]["registration_token"].strip()
    again = json.loads(desk.run("one", "--json", "enroll.json", board=board).out)
    assert again["copied"] == [] and again["status"] == 0


@pytest.mark.parametrize("keep", [False, True])
def test_an_administrators_secrets_stay_on_the_host(plug, desk, reads, keep):
    section = desk.write("centagate")
    board = plug(stocked=True)
    done = desk.run("one", *["--keep"] * keep, "enroll.json", board=board)
    assert done.status == 0, done
    there = reads(board, "enroll.json")["centagate"]
    message = section["admin_username"] + section["auth_token"]
    token = hmac.new(section["secret_code"].encode(), message.encode(), hashlib.sha256).hexdigest()
    assert there.get("cen_token") == (None if keep else token)
    assert {"auth_token", "secret_code"} & set(there) == ({"auth_token", "secret_code"} if keep else set())
    assert (section["secret_code"].encode() in board.flash.read_bytes()) is keep


def test_a_temporary_failure_is_tried_again_as_the_device_would(plug, desk, sandbox, monkeypatch):
    desk.write("etherfax", retry={"first": 2, "cap": 4})
    monkeypatch.setattr("random.random", lambda: 0.1)
    sandbox.fault("etherfax", status=503, times=2)
    heard: list[str] = []
    outcome = provide(
        plug(stocked=True).port, Template(desk.folder / "enroll.json").settings(), Options(), heard.append
    )
    assert outcome.state == "registered"
    assert [it for it in heard if "again" in it] == ["trying again in 0.2 s", "trying again in 1.6 s"]


def test_no_request_is_sent_before_retry_after_has_passed(plug, desk, sandbox):
    """It was asked every 5 s, by each board; and at once when the board was left running."""
    desk.write("etherfax", retry={"first": 1})
    board = plug(stocked=True)
    sandbox.fault("etherfax", status=503, times=1, headers={"Retry-After": "2"})
    heard: list[str] = []
    settings = Template(desk.folder / "enroll.json").settings()
    assert provide(board.port, settings, Options(), heard.append).state == "registered"
    assert next(it for it in heard if "again" in it) in [f"trying again in {it / 10} s" for it in range(17, 41)]

    desk.write("etherfax")
    sandbox.clear_log()
    board = plug(stocked=True)
    sandbox.fault("etherfax", status=503, times=9, headers={"Retry-After": "600"})
    options = Options(deadline=9)
    outcome = provide(board.port, Template(desk.folder / "enroll.json").settings(), options, heard.append)
    assert outcome.status == 75 and "; run this again after 20" in outcome.text and 590 < outcome.retry_after < 1201
    again = provide(board.port, Template(desk.folder / "enroll.json").settings(), options, heard.append)
    assert again.text.startswith("server: the service asks to wait; run this again after 20"), "another board's turn"
    assert len([entry for entry in sandbox.log("etherfax") if "/devices" in entry.path]) == 1


def test_a_boot_that_does_not_end_is_ended(plug, desk):
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        desk.write("etherfax", ntp=[f"127.0.0.1:{silent.getsockname()[1]}"])
        done = desk.run("one", "--deadline", "1", "enroll.json", board=plug(stocked=True))
    assert (
        done.status == 75 and "did not finish within 1 s: run this again, or give it more with --deadline" in done.out
    )


def test_the_outcome_quotes_the_service(plug, desk, sandbox):
    serial = desk.write("etherfax")["serial"]
    sandbox.etherfax.disable(serial)
    done = desk.run("one", "enroll.json", board=plug(stocked=True))
    assert done.status == 77 and done.out.startswith("refused: ")


def test_logs_shows_what_a_board_prints(plug, desk):
    board = plug()
    board.runs("import time\nwhile True: time.sleep(0.1); print('tick')")
    done = desk.run("logs", "--seconds", "0.5", board=board)
    assert done.status == 0 and done.out.count("tick\n") in range(2, 7)
