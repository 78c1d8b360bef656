"""The admin key, and the state folder that holds it."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import stat
import threading
from pathlib import Path

import pytest
from enroll_tools.sandbox import Sandbox, SandboxError
from enroll_tools.sandbox.client import AdminClient

KEY = "sixteen-letters!"


def test_a_call_without_the_key_is_refused(sandbox, send, key):
    """Other users of this machine reach loopback, too."""
    url = sandbox.admin_url + "/info"
    wrong = [{}, {"Authorization": "Bearer " + "x" * 32}, {"Authorization": "Bearer é"}, {"Authorization": "Bearer"}]
    wrong += [{"X-Admin-Key": sandbox.admin_key}, {"Authorization": sandbox.admin_key}]
    for headers in wrong:
        answer = send("POST", url, json={}, headers=headers)
        assert (answer.status, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert "Authorization: Bearer KEY" in answer.json()["error"]
    assert send("POST", url, json={}, headers=key).status == 200
    assert send("POST", url, json={}, headers={"Authorization": f"bearer {sandbox.admin_key}"}).status == 200


def test_refusals_are_on_the_terminal_and_do_not_flood_it(sandbox, send, caplog):
    for _ in range(30):
        send("POST", sandbox.admin_url + "/info", json={}, headers={"Authorization": "Bearer canary"})
    lines = [record.getMessage() for record in caplog.records]
    assert 1 <= len(lines) <= 4
    assert "refused a call from 127.0.0.1" in lines[0] and "canary" not in "".join(lines)


def test_the_key_is_made_once_and_private(tmp_path):
    keys = set()
    for _ in range(2):
        with Sandbox(tmp_path / "state") as sandbox:
            keys.add(sandbox.admin_key)
    with Sandbox(tmp_path / "other") as sandbox:
        assert len(keys) == 1 and sandbox.admin_key not in keys
    path = tmp_path / "state" / "admin.key"
    assert path.read_text().strip() in keys and len(path.read_text()) > 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("key", ["", "fifteen-letters", "x" * 257, "sixteen letters!", "sixteen-letters\u00e9"])
def test_a_key_that_is_easy_to_guess_or_that_no_header_carries(key):
    with pytest.raises(SandboxError, match="admin key"):
        Sandbox(admin_key=key).start()


def test_a_spoilt_key_file(tmp_path):
    (tmp_path / "admin.key").write_text("short")
    with pytest.raises(SandboxError, match="holds no admin key: delete it"):
        Sandbox(tmp_path).start()


def test_a_stale_address_of_a_killed_sandbox_reaches_nobody(tmp_path):
    """Another sandbox may have that port by now: the device must not be created in it."""
    with Sandbox(tmp_path / "other") as other:
        old = tmp_path / "old"
        with Sandbox(old):
            pass
        (old / "running.json").write_text(json.dumps({"admin": other.admin_url}))
        with pytest.raises(ConnectionError, match="no sandbox runs on the state folder"):
            AdminClient(None, old)
        with pytest.raises(SandboxError, match="key is missing or wrong"):
            AdminClient(other.admin_url, old).perform("etherfax/create", {"serial": "MT1"})
        assert other.etherfax.devices() == []


@contextlib.contextmanager
def redirecting(status, target):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(status)
            self.send_header("Location", target)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("status", [302, 303, 307])
def test_the_key_follows_no_redirect(sandbox, tmp_path, status):
    with redirecting(status, sandbox.admin_url + "/info") as url, pytest.raises(SandboxError, match=f"HTTP {status}"):
        AdminClient(url, tmp_path, sandbox.admin_key).perform("info", {})


def test_a_state_folder_of_somebody_else(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(SandboxError, match="belongs to somebody else: name one of your own"):
        Sandbox(tmp_path).start()


def test_the_key_goes_to_no_server_that_somebody_else_names(tmp_path, monkeypatch):
    """The command line takes the address from the folder, and the key from the environment."""
    with Sandbox(tmp_path / "state") as sandbox:
        monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
        with pytest.raises(SandboxError, match="belongs to somebody else: name one of your own"):
            AdminClient(None, tmp_path / "state", sandbox.admin_key)
        monkeypatch.undo()
        (tmp_path / "state").chmod(0o777)
        with pytest.raises(SandboxError, match="others can write to the state folder"):
            AdminClient(None, tmp_path / "state", sandbox.admin_key)
    with pytest.raises(ConnectionError, match="no sandbox runs"):
        AdminClient(None, tmp_path / "missing", sandbox.admin_key)
    assert not (tmp_path / "missing").exists()


def test_the_address_is_read_through_no_link(tmp_path):
    with Sandbox(tmp_path / "state") as sandbox:
        path = tmp_path / "state" / "running.json"
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(SandboxError, match=r"cannot read .*running\.json"):
            AdminClient(None, tmp_path / "state", sandbox.admin_key)


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_a_state_folder_in_which_others_write(tmp_path, mode):
    state = tmp_path / "state"
    state.mkdir()
    state.chmod(mode)
    with pytest.raises(SandboxError, match="others can write to the state folder"):
        Sandbox(state).start()


def test_a_state_folder_that_others_can_exchange(tmp_path):
    """In a folder like /tmp, but without the sticky bit, others could put their own folder in its place."""
    tmp_path.chmod(0o777)
    with pytest.raises(SandboxError, match="anyone can replace the folders"):
        Sandbox(tmp_path / "state").start()
    tmp_path.chmod(0o1777)
    with Sandbox(tmp_path / "state"):
        pass


def test_a_state_folder_in_somebody_elses(tmp_path, monkeypatch):
    """Its owner could put another one in its place."""
    stat_of, place = Path.stat, tmp_path.resolve()

    def owned(path, **more):
        found = stat_of(path, **more)
        return os.stat_result((*found[:4], os.getuid() + 1, *found[5:])) if path == place else found

    monkeypatch.setattr(Path, "stat", owned)
    with pytest.raises(SandboxError, match="belongs to somebody else, holds the state folder"):
        Sandbox(tmp_path / "state").start()


FILES = ["lock", "sandbox.sqlite3", "running.json", "ca.key", "ca.pem", "ca.der", "admin.key"]


@pytest.mark.parametrize("name", [*FILES, "sandbox.sqlite3-wal", "sandbox.sqlite3-shm", "sandbox.sqlite3-journal"])
def test_no_file_is_written_through_a_link(tmp_path, name):
    state, victim = tmp_path / "state", tmp_path / "victim"
    state.mkdir(mode=0o700)
    victim.write_text("precious")
    victim.chmod(0o644)
    (state / name).symlink_to(victim)
    with contextlib.suppress(SandboxError), Sandbox(state):
        pass
    assert (victim.read_text(), stat.S_IMODE(victim.stat().st_mode)) == ("precious", 0o644)
