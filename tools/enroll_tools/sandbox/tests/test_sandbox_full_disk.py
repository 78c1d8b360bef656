"""A state folder that cannot be written to, or whose database is damaged: devices are told so, and may try again; a
person reads why, and seldom."""

from __future__ import annotations

import contextlib
import re
import sqlite3

import pytest
from enroll_tools.sandbox import Sandbox, SandboxError, database, state
from enroll_tools.sandbox.tests.console_browser import Browser
from enroll_tools.sandbox.tests.cpython_device import Firmware


class Broken:
    """A database that fails at some statements."""

    def __init__(self, database: sqlite3.Connection, *statements: str) -> None:
        self._database = database
        self._statements = statements

    def __getattr__(self, name: str) -> object:
        return getattr(self._database, name)

    def execute(self, statement: str, *values: object) -> sqlite3.Cursor:
        if statement.startswith(self._statements):
            error = sqlite3.OperationalError("disk I/O error")
            error.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
            raise error
        return self._database.execute(statement, *values)


@contextlib.contextmanager
def full(kept):
    kept.one(f"PRAGMA max_page_count = {kept.one('PRAGMA page_count')['page_count']}")
    yield
    kept.one("PRAGMA max_page_count = 1000000")


@contextlib.contextmanager
def read_only(kept):
    kept.one("PRAGMA query_only = ON")
    yield
    kept.one("PRAGMA query_only = OFF")


@contextlib.contextmanager
def failing(kept):
    whole, kept._database = kept._database, Broken(kept._database, "UPDATE", "INSERT", "DELETE")
    yield
    kept._database = whole


@contextlib.contextmanager
def failing_commit(kept):
    whole, kept._database = kept._database, Broken(kept._database, "COMMIT")
    yield
    kept._database = whole


@contextlib.contextmanager
def in_use(kept):
    kept.one("PRAGMA busy_timeout = 0")
    with contextlib.closing(sqlite3.connect(kept.folder / "sandbox.sqlite3", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def test_a_full_disk_is_told_in_words_and_seldom(sandbox, send, admin, new_device, caplog):
    url = sandbox.urls["xyte"].http + "/v1/devices"
    pages = sandbox._state.one("PRAGMA page_count")["page_count"]
    sandbox._state.one(f"PRAGMA max_page_count = {pages}")
    answers = [send("POST", url, data=b"x" * 8000) for _ in range(100)]
    refused = [answer for answer in answers if answer.status == 503]
    assert refused and refused[0].json() == {"error": "the sandbox cannot write to its state folder"}
    assert 1 <= sum("could not be kept" in record.getMessage() for record in caplog.records) < 10 < len(refused)
    status, answer = admin("etherfax/create", serial="x" * 200)
    for number in range(100):
        if status == 200:
            status, answer = admin("etherfax/create", serial=f"{number:0200}")
    assert status == 422 and "free space, or name another --state" in answer["error"]
    assert "Traceback" not in caplog.text and "internal error" not in caplog.text
    sandbox._state.one(f"PRAGMA max_page_count = {2 * pages + 1000}")
    assert send("POST", url, json=new_device).status == 201


DISK = "free space, or name another --state"
TROUBLES = [(read_only, DISK), (failing, DISK), (in_use, "end the other program that writes there")]


@pytest.mark.parametrize(("trouble", "remedy"), [(full, DISK), *TROUBLES])
def test_a_write_of_a_service_that_fails_is_told_in_words_and_seldom(sandbox, hub, caplog, trouble, remedy):
    """It was a 500 for the device and a traceback for each request, where a failed commit was 503."""
    known = {"status": "online", "telemetries": {"known": 1}}
    new = {"status": "online", "telemetries": {f"t{number}": "x" * 900 for number in range(30)}}
    assert hub("POST", "telemetry", json=known).status == 200
    with trouble(sandbox._state):
        answers = [hub("POST", "telemetry", json=new) for _ in range(30)]
    assert {answer.status for answer in answers} == {503}
    assert answers[0].json() == {"error": "the sandbox cannot write to its state folder"}
    assert 1 <= sum(f": {remedy}" in record.getMessage() for record in caplog.records) < 5
    assert "Traceback" not in caplog.text and 'File "' not in caplog.text
    assert sandbox.xyte.devices()[0]["telemetry"] == known
    assert hub("POST", "telemetry", json=new).status == 200


@pytest.mark.parametrize("trouble", [read_only, failing, failing_commit])
def test_what_is_known_of_a_device_is_what_was_kept(sandbox, trouble):
    """Which devices may be orphaned is also in memory, where it outlived what was undone."""
    sandbox.etherfax.create("MT1", enabled=True)
    device = Firmware(sandbox, "etherfax", {"serial": "MT1"})
    device.register()
    credential = device.credential
    with trouble(sandbox._state):
        device.register()
        assert device.state() == "registered"
    device.register()
    assert device.state() == "orphaned"
    device.credential = credential
    with trouble(sandbox._state):
        device.call("GET", "/accounts?a=status")
        assert device.state() == "orphaned"
    device.call("GET", "/accounts?a=status")
    assert device.state() == "registered"


def test_requests_at_which_the_log_forgets_its_oldest_are_told_the_same(sandbox, send, caplog):
    with read_only(sandbox._state):
        answers = [send("GET", sandbox.urls["rest"].http + "/nowhere") for _ in range(110)]
    assert {answer.status for answer in answers} == {503} and "Traceback" not in caplog.text


@pytest.mark.parametrize(("trouble", "remedy"), TROUBLES)
def test_an_operation_says_so(sandbox, admin, caplog, trouble, remedy):
    with trouble(sandbox._state):
        status, answer = admin("etherfax/create", serial="MT1")
    assert status == 422 and answer["error"].endswith(f": {remedy}")
    assert not caplog.records and sandbox.etherfax.devices() == []


def test_a_page_of_the_console_says_so(sandbox, caplog):
    browser = Browser(sandbox)
    page = browser.get("/")
    with read_only(sandbox._state):
        page = browser.send(page, "Log out")
    assert "Cannot write to the state folder" in page.text and not caplog.records


def test_a_start_on_a_full_disk(tmp_path, monkeypatch):
    def small(path, lasting):
        opened = database.open_database(path, lasting)
        opened.execute("PRAGMA max_page_count = 2")
        return opened

    monkeypatch.setattr(state, "open_database", small)
    with pytest.raises(SandboxError, match=r"cannot write to the state folder .* free space, or name another --state"):
        Sandbox(tmp_path / "state").start()


@contextlib.contextmanager
def damaged(folder, table):
    """A sandbox whose database has lost a page of a table; the rest is whole."""
    with Sandbox(folder) as sandbox:
        sandbox.etherfax.create("MT1", enabled=True)
    path = folder / "sandbox.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as opened:
        (page,) = opened.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", [table]).fetchone()
        (size,) = opened.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))
    with Sandbox(folder) as sandbox:
        yield sandbox


DAMAGED = r"annot use the database in the state folder .*: end the sandbox and delete sandbox\.sqlite3 there, or name"


@pytest.mark.parametrize("table", ["packets", "etherfax_devices"])
def test_a_damaged_database_is_told_in_words(tmp_path, send, caplog, table):
    """Devices got a 500 of the framework's, the command line `internal error`, and the terminal a traceback each."""
    with damaged(tmp_path, table) as sandbox:
        url = sandbox.urls["etherfax"].http + "/devices?a=register&id=MT1&token=x"
        answers = [send("GET", url) for _ in range(30)]
        assert {answer.status for answer in answers} == {503}
        with pytest.raises(SandboxError, match=DAMAGED):
            sandbox.log() if table == "packets" else sandbox.etherfax.devices()
        assert re.search(DAMAGED, Browser(sandbox).get("/log" if table == "packets" else "/services/etherfax").text)
    assert 1 <= sum(bool(re.search(DAMAGED, record.getMessage())) for record in caplog.records) < 5
    assert "Traceback" not in caplog.text and 'File "' not in caplog.text


def test_a_start_on_a_damaged_database(tmp_path):
    with pytest.raises(SandboxError, match=DAMAGED), damaged(tmp_path, "console_ended"):
        pass


def test_a_database_of_a_later_version_is_left_alone(tmp_path):
    with Sandbox(tmp_path):
        pass
    path = tmp_path / "sandbox.sqlite3"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute(f"PRAGMA user_version = {database.VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(SandboxError, match="a later version of the sandbox has written it: name another folder"):
        Sandbox(tmp_path).start()
    assert path.read_bytes() == before
