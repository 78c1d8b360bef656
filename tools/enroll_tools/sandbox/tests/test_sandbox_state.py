"""The state folder: whose it is, what is in it, and what an interrupted start leaves."""

from __future__ import annotations

import os
import signal
import ssl
import stat
import tempfile
import threading
from pathlib import Path

import pytest
from enroll_tools.sandbox import Sandbox, SandboxError


def test_private_files(tmp_path):
    folder = tmp_path / "state"
    with Sandbox(folder):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert modes["ca.key"] == 0o600
    assert all(mode == 0o600 for name, mode in modes.items() if name.startswith("sandbox.sqlite3"))
    # The CA's key is the only one on the disk.
    assert [path.name for path in folder.iterdir() if b"PRIVATE KEY" in path.read_bytes()] == ["ca.key"]


def test_authority_whose_files_do_not_match(tmp_path):
    for folder in ("one", "two"):
        with Sandbox(tmp_path / folder):
            pass
    (tmp_path / "one/ca.key").write_bytes((tmp_path / "two/ca.key").read_bytes())
    with pytest.raises(SandboxError, match="do not belong together: delete both to make a new CA"):
        Sandbox(tmp_path / "one").start()


@pytest.mark.parametrize("name", ["ca.der", "ca.key"])
def test_the_ca_of_somebody_else_is_not_replaced(tmp_path, name):
    """`--state .` in a project replaced the CA of the genuine service, or the only key of an own CA."""
    (tmp_path / name).write_text("mine")
    with pytest.raises(SandboxError, match=rf"{name} is of another CA, and would be lost: name another folder by --st"):
        Sandbox(tmp_path).start()
    assert (tmp_path / name).read_text() == "mine"


def test_a_first_start_that_was_killed_is_made_good(tmp_path):
    for left_out in ((), ("ca.der",), ("ca.der", "ca.key")):
        for name in left_out:
            (tmp_path / name).unlink()
        with Sandbox(tmp_path) as sandbox:
            assert sandbox.ca_der.exists()


def test_folder_in_use(tmp_path):
    with Sandbox(tmp_path), pytest.raises(SandboxError, match="another sandbox uses"):
        Sandbox(tmp_path).start()


def test_folder_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SandboxError, match="cannot use the state folder"):
        Sandbox(tmp_path / "file").start()


def test_files_that_are_damaged(tmp_path):
    with Sandbox(tmp_path / "state"):
        pass
    for name, words in (
        ("sandbox.sqlite3", "cannot open the database in .*, file is not a database: name another folder by --state"),
        ("ca.pem", "cannot read the CA from .*: make both readable, or delete both to make a new CA"),
    ):
        path = tmp_path / "state" / name
        good = path.read_bytes()
        path.write_bytes(b"damaged" * 100)
        with pytest.raises(SandboxError, match=words):
            Sandbox(tmp_path / "state").start()
        path.write_bytes(good)


def test_ctrl_c_while_it_starts_leaves_no_thread_and_no_file(tmp_path, monkeypatch):
    """The file would be a listener's private key, which Python's ssl reads from there."""
    real = ssl.SSLContext.load_cert_chain
    loaded = []
    others = threading.enumerate()

    def load(context, path, *given):
        if not loaded:
            os.kill(os.getpid(), signal.SIGINT)
        loaded.append(Path(path))
        real(context, path, *given)

    monkeypatch.setattr(ssl.SSLContext, "load_cert_chain", load)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            Sandbox().start()
    finally:
        signal.signal(signal.SIGINT, before)
    assert [it for it in threading.enumerate() if it.name == "sandbox" and it not in others] == []
    assert loaded[0].parent == tmp_path and list(tmp_path.iterdir()) == []
