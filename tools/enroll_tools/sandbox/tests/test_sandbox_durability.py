"""What was answered is kept, whatever ends the sandbox; and a request costs the same however much is kept."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from enroll_tools.sandbox import Sandbox, checkpoints

SERVE = (sys.executable, "-m", "enroll_tools.sandbox", "serve", "--free-ports", "--json", "--state")


def register_until_it_dies(port: int, key: str, name: str, answered: list[str]) -> None:
    """Register one device after the other on one connection, and note the id of each that was answered."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        for number in range(100_000):
            body = {"hardware_key": key, "sn": f"{name}-{number}", "mac": "112233445566", "firmware_version": "1.0.0"}
            connection.request("POST", "/xyte/v1/devices", json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = json.loads(answer.read())
            if answer.status == 201:
                answered.append(content["id"])
    except (OSError, http.client.HTTPException, ValueError):
        pass  # it was killed
    finally:
        connection.close()


def kill_under_load(folder: Path, round_number: int, enough: int) -> list[str]:
    """Serve, register from four clients, kill it in the middle; returns the ids that were answered."""
    with subprocess.Popen([*SERVE, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        port = json.loads(process.stdout.readline())["ports"]["http"]
        key = (folder / "key").read_text()
        answered: list[str] = []
        clients = [
            threading.Thread(target=register_until_it_dies, args=(port, key, f"{round_number}-{client}", answered))
            for client in range(4)
        ]
        for client in clients:
            client.start()
        while len(answered) < enough and clients[0].is_alive():
            time.sleep(0.001)  # a loop without it would take the clients' time
        os.kill(process.pid, signal.SIGKILL)
        for client in clients:
            client.join()
    assert len(answered) >= enough
    return answered


def check_kills(folder: Path, kills: int) -> None:
    with Sandbox(folder) as sandbox:
        (folder / "key").write_text(sandbox.xyte.create_model("M1")["hardware_key"])
    answered = [name for number in range(kills) for name in kill_under_load(folder, number, 20 + number * 7 % 40)]
    with Sandbox(folder) as sandbox:
        kept = {device["id"] for device in sandbox.xyte.devices()}
        logged = [json.loads(entry.answer)["id"] for entry in sandbox.log("xyte", reveal=True) if entry.status == 201]
    assert len(answered) == len(set(answered))
    assert set(answered) <= kept
    # The log keeps a number of entries; each of them belongs to a device, and the other way round.
    assert set(logged) <= kept
    assert len(logged) == min(len(kept), 10_000)


def test_none_that_was_answered_is_lost_when_it_is_killed(tmp_path):
    check_kills(tmp_path / "state", 3)


@pytest.mark.timeout(300)  # a kill and a start each
@pytest.mark.long
def test_none_is_lost_in_fifty_kills(tmp_path):
    check_kills(tmp_path / "state", 50)


def test_a_power_cut_leaves_the_database_of_a_state_folder_whole(tmp_path):
    """SQLite promises so of its write-ahead log, unless it never waits for the disk."""
    with Sandbox(tmp_path / "state") as sandbox:
        settings = [sandbox._state.one(f"PRAGMA {name}") for name in ("journal_mode", "synchronous")]
    assert settings == [{"journal_mode": "wal"}, {"synchronous": 1}]  # NORMAL


def test_a_thread_copies_the_log_to_the_database(tmp_path, monkeypatch):
    """Otherwise a request waits for the disk, now and then."""
    monkeypatch.setattr(checkpoints, "PAUSE", 0.01)
    with Sandbox(tmp_path) as sandbox:
        sandbox.etherfax.create("MT1")
        end = time.monotonic() + 20
        while not (found := serials_in_the_file(tmp_path / "sandbox.sqlite3")) and time.monotonic() < end:
            time.sleep(0.01)
    assert found == ["MT1"]


def serials_in_the_file(path):
    """etherFAX's devices by the database alone, without its write-ahead log."""
    with (
        contextlib.closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as database,
        contextlib.suppress(sqlite3.Error),  # it is being written
    ):
        return [row[0] for row in database.execute("SELECT serial FROM etherfax_devices")]


def test_a_registration_and_its_entry_are_one(sandbox, send, new_device):
    url = sandbox.urls["xyte"].http + "/v1/devices"
    sandbox._state.run("CREATE TRIGGER full BEFORE INSERT ON packets BEGIN SELECT RAISE(FAIL, 'disk full'); END")
    assert send("POST", url, json=new_device).status == 500
    assert sandbox.xyte.devices() == []
    sandbox._state.run("DROP TRIGGER full")
    assert send("POST", url, json=new_device).status == 201
    assert [entry.status for entry in sandbox.log()] == [201]


def test_what_one_transaction_within_another_did_is_undone_alone(sandbox):
    state = sandbox._state
    state.create("CREATE TABLE probe (name TEXT);")
    with state.transaction():
        state.insert("probe", name="before")
        with pytest.raises(ValueError), state.transaction():
            state.insert("probe", name="undone")
            raise ValueError
        state.insert("probe", name="after")
    assert [row["name"] for row in state.all("SELECT name FROM probe")] == ["before", "after"]


def test_no_request_reads_a_whole_table(sandbox, send, new_device):
    """A registration took longer with each device that there was."""
    statements: set[str] = set()
    database = sandbox._state._database
    database.set_trace_callback(statements.add)
    url = sandbox.urls["xyte"].http
    device = send("POST", url + "/v1/devices", json=new_device).json()
    send("POST", url + "/v1/devices", json=new_device)
    hub = f"{device['hub_url']}/v1/devices/{device['id']}"
    send("GET", hub + "/command", headers={"Authorization": device["access_key"]})
    send("GET", hub + "/command", headers={"Authorization": "wrong"})
    sandbox.counts()
    database.set_trace_callback(None)
    scans = {
        (statement, row["detail"])
        for statement in statements
        if re.match("SELECT|UPDATE|DELETE", statement)
        for row in sandbox._state.all("EXPLAIN QUERY PLAN " + statement)
        if re.match(r"SCAN (?!.*USING COVERING INDEX)", row["detail"])
    }
    assert len(statements) > 8
    assert scans == set()


@pytest.fixture
def probe(sandbox):
    """The state, with a table of its own."""
    sandbox._state.create("CREATE TABLE probe (name TEXT);")
    return sandbox._state


def names(state):
    return [row["name"] for row in state.all("SELECT name FROM probe")]


def test_what_others_undo_leaves_a_group_of_requests_alone(probe):
    """Requests wait for a commit that they share; an operation of another thread may come before it."""
    probe.enter_group()
    probe.insert("probe", name="request")
    probe.leave_group()
    with pytest.raises(ValueError), probe.transaction():
        probe.insert("probe", name="operation")
        raise ValueError
    probe.enter_group()
    with pytest.raises(ValueError), probe.transaction():
        probe.insert("probe", name="refused request")
        raise ValueError
    probe.later("INSERT INTO probe VALUES (?)", ["entry"])
    assert names(probe) == ["request"]
    probe.leave_group()
    probe.commit_group()
    assert names(probe) == ["request", "entry"]


def test_a_transaction_begins_with_its_first_write(probe):
    statements = []
    probe._database.set_trace_callback(statements.append)
    with probe.transaction(), probe.transaction():
        assert names(probe) == []
        probe.insert("probe", name="a")
    assert [it for it in statements if it.startswith(("BEGIN", "SAVE"))] == ["BEGIN IMMEDIATE", "SAVEPOINT within"]
    statements.clear()
    with probe.transaction():
        assert names(probe) == ["a"]
    assert len(statements) == 1
    probe._database.set_trace_callback(None)


def test_the_only_row_of_a_request_is_put_without_more(probe):
    statements = []
    probe._database.set_trace_callback(statements.append)

    def ask(*rows, fail=False):
        """A request that puts rows, in a group of its own; returns what SQLite was asked for."""
        statements.clear()
        probe.enter_group()
        with contextlib.suppress(ValueError), probe.transaction():
            for row in rows:
                probe.put("probe", name=row)
            if fail:
                raise ValueError
        probe.leave_group()
        probe.commit_group()
        return [statement.partition(" ")[0] for statement in statements]

    assert ask("a") == ["BEGIN", "INSERT", "COMMIT"]
    assert ask("b", fail=True) == []
    assert ask("c", "d") == ["BEGIN", "SAVEPOINT", "INSERT", "INSERT", "RELEASE", "COMMIT"]
    assert ask("e", "f", fail=True)[-3:] == ["ROLLBACK", "RELEASE", "COMMIT"]
    probe._database.set_trace_callback(None)
    assert names(probe) == ["a", "c", "d"]


def test_a_row_that_was_put_is_seen_in_its_transaction(probe):
    probe.enter_group()
    with probe.transaction():
        probe.put("probe", name="a")
        assert names(probe) == ["a"]
        with probe.transaction():
            probe.put("probe", name="b")
    probe.leave_group()
    assert names(probe) == ["a", "b"]


def test_an_error_of_the_sandbox_undoes_the_group(probe):
    """Else a device could be registered without an entry in the log."""
    probe.enter_group()
    probe.insert("probe", name="request")
    probe.leave_group(ValueError("a fault of the program"))
    with pytest.raises(ValueError, match="fault of the program"):
        probe.commit_group()
    probe.commit_group()
    assert names(probe) == []
