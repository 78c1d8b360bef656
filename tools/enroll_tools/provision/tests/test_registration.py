"""A registration on a board is never taken away, nor is a file that is not ours, unless a person says so by name."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from enroll_tools.provision import look, work
from enroll_tools.provision.errors import Failure
from enroll_tools.provision.library import reset_words
from enroll_tools.provision.registration import Registration, Seen
from enroll_tools.provision.template import Secrets, Settings
from enroll_tools.provision.tests.helpers import BOOTS, asked


def said(desk, board, *words, status=77):
    """The sentence of `enroll-provision one`, which must fail and leave the board's flash as it is."""
    before = board.flash.read_bytes()
    sentence = desk.failed(status, "one", *words, "enroll.json", board=board)
    assert board.flash.read_bytes() == before
    return sentence


def test_a_registered_board_is_overwritten_only_by_name(registered, desk, sandbox):
    board, first = registered()
    url = json.loads((desk.folder / "enroll.json").read_text())["url"]
    here = f"this board is {first}, registered at {url} since 20"
    remedy = f"use --replace {first} to give it up, and reset this device in the portal"

    desk.write("etherfax", {"serial": first}, url=sandbox.url("etherfax", "http"))
    sentence = said(desk, board)
    assert here in sentence and remedy in sentence and "`moved_from`" in sentence
    second = desk.write("etherfax")["serial"]
    assert here in said(desk, board) and here in said(desk, board, "--replace", second)
    desk.write("xyte")
    assert here in said(desk, board)
    assert not asked(sandbox)

    desk.write("etherfax", {"serial": second})
    config = (desk.folder / "enroll.json").read_text()
    board.write("enroll.json", config)
    looked = json.loads(desk.run("status", "--json", board=board).out)
    assert looked["registered"] is None and looked["identity"] == f"serial={first}" and looked["url"] == url
    assert len(looked["board"]) == 23 and looked["since"][:2] == "20"

    done = desk.run("one", "--json", "--replace", first, "enroll.json", board=board)
    found = json.loads(done.out)
    assert (done.status, found["identity"], found["url"], found["provider"]) == (0, f"serial={second}", url, "etherfax")
    assert len(asked(sandbox)) == 1
    assert json.loads(desk.run("one", "--json", "enroll.json", board=board).out)["identity"] == f"serial={second}"
    assert len(asked(sandbox)) == 1


def test_a_board_that_goes_to_another_service_keeps_the_old_one_until_its_record_is_erased(registered, desk):
    """The package of the old provider was removed before the record that only it understands."""
    board, first = registered()
    desk.write("xyte")
    done = desk.run("one", "--json", "--replace", first, "enroll.json", board=board)
    assert done.status == 0 and json.loads(done.out)["provider"] == "xyte", done


HALF = "import os; os.remove('/lib/enroll/journal.mpy'); os.remove('/main.py')"
TRIED = """
from enroll.commit import Journal
it = Journal("/state")
it.prepare()
it.save({state}, {identity!r}, b"")
"""


def test_a_board_whose_library_is_broken_is_not_blank(registered, desk, sandbox):
    """Copying a newer library was cut: the record is there, and what reads it is not."""
    board, first = registered()
    board.mpremote("exec", HALF)
    desk.write("etherfax")
    assert f"this board is {first}, registered at" in said(desk, board)
    desk.write("etherfax", {"serial": first})
    assert json.loads(desk.run("one", "--json", "enroll.json", board=board).out)["state"] == "registered"
    assert not asked(sandbox)
    board.mpremote("exec", "import os; os.remove('/provision.json')")
    assert f"(it is {first}, registered at https://" in desk.failed(78, "status", board=board)


def test_an_attempt_whose_outcome_is_unknown_is_not_overwritten(plug, desk, sandbox):
    """The service may have registered that device, and does so only once. A device that it has refused is free."""
    desk.write("etherfax")
    board = plug(stocked=True)
    desk.run("one", "--library-only", "enroll.json", board=board)
    other = b"https://fax.example.com\netherfax\nMT77"
    board.mpremote("exec", TRIED.format(state=1, identity=other))
    open_ = "not registered; an earlier attempt as MT77 at https://fax.example.com may have succeeded"
    assert f"this board is {open_}: use --replace MT77 to give it up" in said(desk, board)
    assert f"on its flash: {open_}" in desk.run("status", board=board).out
    assert open_ in " ".join(desk.run("scan", board=board).out.split())
    board.mpremote("exec", TRIED.format(state=2, identity=other))
    assert desk.run("one", "enroll.json", board=board).status == 0


def test_ctrl_c_in_a_reset_says_that_it_may_be_erased(registered, desk, monkeypatch):
    board, _ = registered()
    real = look.forget

    def interrupted(link):
        real(link)
        raise KeyboardInterrupt

    monkeypatch.setattr(look, "forget", interrupted)
    done = desk.run("reset", "--yes", board=board)
    assert done.status == 1 and "while erasing: see 'enroll-provision status', then run this again" in done.err, done
    monkeypatch.setattr(look, "forget", real)
    assert "not registered yet" in desk.run("status", board=board).out
    assert desk.run("reset", "--yes", board=board).out.startswith("nothing was registered on the board")


def test_status_reset_and_one_use_the_same_words_for_an_attempt(plug, desk, sandbox):
    serial = desk.write("etherfax")["serial"]
    sandbox.fault("etherfax", drop="before", times=9)
    board = plug(stocked=True)
    done = desk.run("one", "--deadline", "1", "enroll.json", board=board)
    assert done.status == 75
    told = "; it may be registered: check the service, reset this device in the portal if it is, then run this again"
    assert done.out.endswith(told + "\n"), "the attempt that `status` finds"
    status = desk.run("status", board=board)
    assert status.status == 75
    assert f"not registered; an earlier attempt as {serial} at {sandbox.url('etherfax')} may have" in status.out
    board.heard.clear()
    left = desk.failed(1, "reset", board=board, typed="n\n")
    assert "nothing was erased, and the board stays stopped: " in left, "its boot would register it"
    done = desk.run("reset", "--yes", board=board)
    assert BOOTS not in board.heard
    assert f"the attempt of {serial} is erased: reset this device in the portal if it was registered" in done.out


def test_what_was_given_up_is_said_and_a_refusal_is_no_open_attempt(registered, desk, sandbox):
    """The board was called registered, or may be, as the device that the service had just refused."""
    board, first = registered()
    sandbox.etherfax.disable(desk.write("etherfax")["serial"])
    done = desk.run("one", "--replace", first, "enroll.json", board=board)
    assert done.status == 77 and done.out.startswith("refused: ")
    assert f"; the registration of {first} has been given up: reset this device in the portal" in done.out
    [row] = json.loads(desk.run("scan", "--json", board=board).out)
    assert (row["state"], row["registration"]) == ("installed", None)
    assert "nothing was registered on the board: " in desk.run("reset", "--yes", board=board).out


def test_files_that_are_not_ours_are_kept_and_named(plug, desk, reads):
    desk.write("etherfax")
    board = plug()
    ours = json.loads(desk.run("one", "--library-only", "--json", "enroll.json", board=board).out)
    assert ours["state"] == "installed" and all(it.startswith(("/lib/enroll/", "/prov")) for it in ours["copied"])
    for name in ("main.py", "port.py", "main.py.before"):
        board.write(name, "1")
    again = json.loads(desk.run("one", "--library-only", "--json", "enroll.json", board=board).out)
    assert (again["copied"], again["moved"]) == ([], [])
    board.mpremote("exec", "import os; os.remove('/lib/enroll/tasks.mpy')")
    assert " 1 file copied, " in desk.run("one", "--library-only", "enroll.json", board=board).err
    done = desk.run("one", "enroll.json", board=board)
    assert done.status == 0, done
    assert "/main.py is not enroll's: it is kept as /main.py.before2" in done.err
    assert "is now /port.py.before" in done.out and reads(board, "main.py.before2") == 1
    board.write("app.py", "#", "a")
    assert "is now /app.py.before" in desk.run("one", "enroll.json", board=board).out
    (desk.folder / "app.py").write_text("def main(session): pass")
    changed = json.loads(desk.run("one", "--json", "--app", "app.py", "enroll.json", board=board).out)
    assert "/app.py" in changed["copied"] and changed["moved"] == []


def test_reset_says_what_to_do_in_the_portal(registered, desk):
    board, serial = registered()
    board.heard.clear()
    done = desk.run("reset", board=board, typed="n\n")
    assert done.status == 1 and done.out == "" and f"credential of {serial}" in done.err
    assert "nothing was erased" in done.err and "Aborted" not in done.err
    board.boots()
    done = desk.run("reset", "--yes", board=board)
    assert "is erased: reset this device in the portal, or the next boot is refused" in done.out
    nothing = json.loads(desk.run("reset", "--yes", "--json", board=board).out)
    assert nothing["erased"] is None and nothing["portal"] == ""


@pytest.mark.parametrize(
    ("service", "words"),
    [
        ("etherfax", "reset this device in the portal"),
        ("xyte", "delete this device in the portal"),
        ("ickstream", "fetch a new registration token for this device"),
        ("centagate", "unbind this token from its user"),
        ("oauth", ""),  # and no "nothing: ..." after "has been given up: "
        ("../etherfax", ""),
    ],
)
def test_each_provider_has_its_words_for_a_reset(service, words):
    assert reset_words(service) == words


HERE = Registration(4, "etherfax", "https://x", ("M1",), "M1", "")


@pytest.mark.parametrize(
    ("there", "good"),
    [
        (HERE, True),
        (replace(HERE, state=3, device_id=""), True),
        (replace(HERE, state=3), False),
        (replace(HERE, state=1, device_id=""), False),
        (replace(HERE, device_id="M2"), False),
        (replace(HERE, url="https://y"), False),
        (replace(HERE, identity=("M2",)), False),
        (replace(HERE, provider="xyte"), False),
        (None, False),
    ],
)
def test_only_what_is_on_its_flash_is_registered(monkeypatch, there, good):
    """Also an answer in RAW, which a worn slot leaves; its record names no device yet."""
    settings = Settings("etherfax", "https://x", [], {"serial": "M1"}, 5, 900, b"", set(), None, Secrets())
    monkeypatch.setattr(work, "read", lambda _link: Seen("", there))
    link = SimpleNamespace(enter=lambda: None, port="/dev/a")
    outcome = work.Outcome("registered", "", 0, "M1")
    if good:
        assert work.confirm(link, settings, outcome).registration is there
    else:
        with pytest.raises(Failure, match="holds no such record"):
            work.confirm(link, settings, outcome)
