"""A newer library on a board that is registered: the record stays, and so do the old files where the new ones fail."""

import json

import pytest
from enroll_tools.provision import upgrade
from enroll_tools.provision.library import library
from enroll_tools.provision.raw import Restarted
from enroll_tools.provision.snippets import Program
from enroll_tools.provision.tests.helpers import until

NEW = "0.9.9"
BITE = Program("def main():\n import machine, time\n machine.WDT(timeout=1)\n time.sleep(9)\n", once=True)
BROKEN = {
    "raise ImportError": ("journal", "import nothing_like_this\n"),
    "do not find the credential": ("journal", None),
    "do not boot within 1 s": ("journal", "while True: pass\n"),
}


@pytest.fixture
def newer(monkeypatch):
    """`newer(name, text)`: the next version's module `name` has `text`; None: it finds no record."""

    def newer(name="tasks", text=""):
        path = upgrade.ROOT / "lib" / "enroll" / f"{name}.py"
        source = path.read_text()
        if text is None:
            text = source.replace("def recall(", "def recall(*_): return 0, None\ndef unused(")
            assert text != source

        def files(_source, provider):
            found = library(False, provider) | {f"/lib/enroll/{name}.py": (text or source).encode()}
            del found[f"/lib/enroll/{name}.mpy"]
            return found

        monkeypatch.setattr(upgrade, "library", files)
        monkeypatch.setattr(upgrade, "version", lambda: NEW)

    return newer


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """An application that fails does so at once."""
    monkeypatch.setattr(upgrade, "SETTLE", 0.5)


def asked(sandbox):
    """What was asked of the service that was not the application's."""
    return [entry.path for entry in sandbox.log("etherfax") if "/accounts" not in entry.path]


def look(desk, board):
    """What `enroll-provision status` says of it."""
    return json.loads(desk.run("status", "--json", board=board).out)


# of an older version: modules that bear another name now, or none
LEFT_OVER = """
import os
os.mkdir("/lib/enroll/services")
for name in ("wait", "services/__init__"):
    open("/lib/enroll/%s.mpy" % name, "w").close()
"""


@pytest.mark.long("chip")
def test_the_record_stays_and_no_service_is_asked_to_register(registered, runtime, desk, sandbox, newer):
    board, serial = registered(runtime)
    board.mpremote("exec", LEFT_OVER)
    newer()
    done = desk.run("upgrade", "--json", board=board)
    [found] = json.loads(done.out)
    assert (done.status, found["state"], found["version"], found["device_id"]) == (0, "upgraded", NEW, serial), done
    assert found["copied"] == ["/lib/enroll/tasks.py", "/provision.json"]
    assert found["text"] == f"upgraded from {found['before']} to {NEW}; etherfax {serial} is still registered"
    assert not asked(sandbox)
    there = look(desk, board)
    assert (there["registered"], there["enroll"], there["changed"]) == (serial, NEW, [])
    assert "/lib/enroll/tasks.py" in there["hashes"] and "/lib/enroll/tasks.mpy" not in there["hashes"]
    assert not [name for name in there["hashes"] if "wait" in name or "services" in name]
    assert "enroll-upgrade" not in board.mpremote("fs", "ls").stdout
    [again] = json.loads(desk.run("upgrade", "--json", board=board).out)
    assert (again["state"], again["copied"]) == ("already", [])


AS_THE_BOARD_SPELLS_IT = """
import json
found = json.load(open("/provision.json"))
with open("/provision.json", "w") as file:
    json.dump(found, file)
"""


def test_the_same_version_is_not_installed_again(registered, desk):
    """provision.json was spelled in another way by each command, and so was copied by each."""
    board, serial = registered()
    for spelled in ("", AS_THE_BOARD_SPELLS_IT):
        board.mpremote("exec", spelled)
        [found] = json.loads(desk.run("upgrade", "--json", board=board).out)
        assert (found["state"], found["copied"]) == ("already", []), found
        assert found["text"] == f"enroll {found['version']} is installed already; etherfax {serial} is registered"


def test_one_after_an_upgrade_copies_nothing(registered, desk):
    board, _ = registered()
    board.mpremote("exec", "import os; os.remove('/lib/enroll/tasks.mpy')")
    [found] = json.loads(desk.run("upgrade", "--json", board=board).out)
    assert (found["state"], found["copied"]) == ("upgraded", ["/lib/enroll/tasks.mpy"])
    assert "was installed again, its files differed; etherfax" in found["text"]
    assert json.loads(desk.run("one", "--json", "enroll.json", board=board).out)["copied"] == []


def test_a_device_whose_service_has_moved_sends_no_request_either(registered, desk, sandbox, newer):
    board, serial = registered()
    moved = "config['moved_from'] = ['https://old.example']"
    code = f"import json; config = json.load(open('/enroll.json')); {moved}; f = open('/enroll.json', 'w'); "
    board.mpremote("exec", code + "json.dump(config, f); f.close()")
    newer()
    done = desk.run("upgrade", board=board)
    assert done.status == 0 and look(desk, board)["registered"] == serial, done
    assert not asked(sandbox)


def test_the_old_files_are_restored_if_the_new_ones_fail(registered, desk, sandbox, newer):
    board, serial = registered()
    before = look(desk, board)["hashes"]
    for said, module in BROKEN.items():
        newer(*module)
        done = desk.run("upgrade", "--deadline", "1" if "1 s" in said else "20", board=board)
        assert done.status == 76 and said in done.out and "has its old files again" in done.out, done
        there = look(desk, board)
        assert (there["registered"], there["hashes"], there["changed"]) == (serial, before, []), said
    assert not asked(sandbox)


FORGETS = """
_asked = []
def recall(*values):
    _asked.append(1)
    return _recall(*values) if len(_asked) == 1 else (0, None)
def _recall("""


def test_new_files_that_would_register_are_kept_off_the_network(registered, desk, sandbox, newer):
    """They find the credential when they are asked, and not when they boot."""
    board, serial = registered()
    source = (upgrade.ROOT / "lib" / "enroll" / "journal.py").read_text()
    assert source.count("def recall(") == 1
    newer("journal", source.replace("def recall(", FORGETS))
    done = desk.run("upgrade", board=board)
    assert done.status == 76 and "say `network: an upgrade makes no connection" in done.out, done
    assert look(desk, board)["registered"] == serial and not asked(sandbox)


def test_the_old_files_are_restored_if_the_application_fails(registered, desk, newer):
    board, serial = registered()
    app = "from enroll import tasks\ndef main(_session):\n    print('app:', tasks.run)\n"
    board.write("/app.py", app)
    newer("session", "Session = lambda *_: {}['gone']\n")
    done = desk.run("upgrade", board=board)
    assert done.status == 76 and "let the application fail: app.py failed, KeyError" in done.out, done
    assert look(desk, board)["registered"] == serial


@pytest.mark.parametrize(
    "at", [*(pytest.param(it, marks=pytest.mark.long) for it in ("stage", "begin", "boot")), "commit"]
)
def test_a_board_that_is_unplugged_boots_and_the_command_completes_it(
    registered, desk, sandbox, newer, monkeypatch, at
):
    board, serial = registered()
    newer()
    place = upgrade if at in ("stage", "boot") else upgrade.swap
    real = getattr(place, at)

    def unplugged(link, *values):
        if at in ("begin", "commit"):
            real(link, *values)
        board.unplug()
        return real(link, *values)

    monkeypatch.setattr(place, at, unplugged)
    done = desk.run("upgrade", board=board)
    assert done.status == 75 and "is gone: plug it in" in done.out, done
    monkeypatch.setattr(place, at, real)
    board.replug()
    assert look(desk, board)["registered"] == serial
    done = desk.run("upgrade", board=board)
    assert done.status == 0 and f" to {NEW}; etherfax {serial}" in done.out, done
    assert not asked(sandbox)


@pytest.mark.parametrize("at", ["trial", pytest.param("_guard", marks=pytest.mark.long)])
def test_a_board_that_restarts_in_the_middle_keeps_its_old_files(registered, desk, newer, monkeypatch, at):
    board, serial = registered()
    before = look(desk, board)["hashes"]
    newer()
    place = upgrade if at == "trial" else upgrade.swap
    real = getattr(place, at)

    def restarted(link, *values):
        found = real(link, *values)
        with pytest.raises(Restarted):
            link.call(BITE)
        link.enter()  # as a link does by itself when it has lost the board
        return found

    monkeypatch.setattr(place, at, restarted)
    done = desk.run("upgrade", board=board)
    assert done.status == 75 and "restarts" in done.out, done
    monkeypatch.setattr(place, at, real)
    there = look(desk, board)
    assert (there["registered"], there["hashes"], there["changed"]) == (serial, before, [])
    assert desk.run("upgrade", board=board).status == 0


def test_only_registered_boards_that_provision_installed_are_upgraded(plug, desk, newer):
    board = plug(stocked=True)
    newer()
    assert "was not installed by provision" in desk.run("upgrade", board=board).out
    desk.write("etherfax", url="http://127.0.0.1:9/", ntp=["127.0.0.1:9"], ca=None)
    desk.run("one", "--deadline", "0", "enroll.json", board=board)
    done = desk.run("upgrade", board=board)
    assert done.status == 75 and "is not registered: use 'enroll-provision one'" in done.out, done
    assert done.out.count(board.port) == 1


def test_files_that_a_person_has_changed_are_left_alone(registered, desk, newer):
    board, serial = registered()
    board.write("/port.py", "# mine", "a")
    newer()
    done = desk.run("upgrade", board=board)
    assert done.status == 78 and "/port.py was changed on the board" in done.out, done
    done = desk.run("upgrade", "--library-only", board=board)
    assert done.status == 0, done
    there = look(desk, board)
    assert (there["registered"], there["changed"], there["enroll"]) == (serial, ["/port.py"], NEW)


@pytest.mark.parametrize("at", [*(pytest.param(it, marks=pytest.mark.long) for it in ("stage", "begin")), "boot"])
def test_ctrl_c_leaves_the_board_running(registered, desk, sandbox, newer, monkeypatch, at):
    """It was left stopped, and nobody said what was on it."""
    board, serial = registered()
    newer()
    place = upgrade.swap if at == "begin" else upgrade
    real = getattr(place, at)

    def interrupted(link, *values):
        real(link, *values)
        raise KeyboardInterrupt

    monkeypatch.setattr(place, at, interrupted)
    board.said.clear()
    done = desk.run("upgrade", board=board)
    assert done.status == 1 and "interrupted, the board goes on: run this again" in done.err
    board.says(f"enroll: registered etherfax {serial}")
    monkeypatch.setattr(place, at, real)
    assert look(desk, board)["registered"] == serial
    done = desk.run("upgrade", board=board)
    assert done.status == 0 and f"etherfax {serial}" in done.out and look(desk, board)["enroll"] == NEW, done
    assert not asked(sandbox)


def test_killed_in_the_middle_of_an_upgrade_or_a_reset(registered, desk):
    """The computer dies; the board boots what it has, and the same command goes on."""
    board, serial = registered()
    board.write("/lib/enroll/tasks.mpy", "x", "a")
    for words, sign in ((("upgrade",), b"/enroll-upgrade/old/main.py"), (("reset", "--yes"), b"forget")):
        board.heard.clear()
        process = desk.start(*words, board=board)
        until(lambda sign=sign: sign in board.heard)
        process.kill()
        process.communicate()
        board.replug()
        if words == ("upgrade",):
            board.says(f"enroll: registered etherfax {serial}")
        else:
            assert look(desk, board)["changed"] == []
        done = desk.run(*words, board=board)
        assert done.status == 0, done
    assert look(desk, board)["registered"] is None
