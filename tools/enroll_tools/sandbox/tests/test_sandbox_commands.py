"""What every command of the command line has: JSON on failure, help with values, completion, harmless output."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import logging
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from enroll_tools.sandbox.cli import main
from enroll_tools.sandbox.commands.live import Live


def run(*words, status=0):
    result = CliRunner().invoke(main, words)
    assert result.exit_code == status, result.output
    return result


ANSWERS = [
    b"SSH-2.0-OpenSSH_9.2\r\n\x1b[2J",
    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
    b"HTTP/1.1 200 OK\r\n\r\n[]",
    b"HTTP/1.1 200 OK\r\n\r\n{",
    b"HTTP/1.1 200 OK\r\n\r\n" + 50_000 * b"[",
    b"HTTP/1.1 200 OK\r\nX: " + 70_000 * b"x" + b"\r\n\r\n",
]


def serve_once(listener, answer):
    connection, _ = listener.accept()
    with connection, contextlib.suppress(OSError):
        connection.recv(9999)
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(9999)


@pytest.mark.parametrize("answer", ANSWERS, ids=range(len(ANSWERS)))
def test_another_program_at_the_port_is_a_sentence(tmp_path, answer):
    """It was a traceback, as of a sandbox that was killed while it answered."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve_once, args=(listener, answer), daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/admin"
        told = run("etherfax", "devices", "--admin-url", url, "--state", str(tmp_path / "x"), status=3).stderr
    assert told.startswith(f"Error: no sandbox answers at {url}, ") and "correct --admin-url" in told
    assert len(told) < 500 and "\x1b" not in told


@pytest.mark.parametrize("url", ["", "http://[::1", "http://a b/", "127.0.0.1:1", "http://"])
def test_an_address_that_is_none_is_a_sentence(tmp_path, url):
    told = run("etherfax", "devices", "--admin-url", url, "--state", str(tmp_path / "x"), status=3).stderr
    assert "Error: no sandbox " in told and ": " in told


@pytest.mark.parametrize(
    ("value", "words"), [("{", "not JSON"), ('{"a":' * 9999, "nested too deeply"), ("9" * 5000, "too many digits")]
)
def test_an_option_that_is_no_json_is_a_sentence(tmp_path, value, words):
    typed = ["fault", "xyte", "--headers", value, "--state", str(tmp_path / "x")]
    assert words in run(*typed, status=2).stderr


def test_a_failure_is_json_where_json_is_wanted(tmp_path):
    """Programs got nothing on stdout."""
    for words, status in [(["etherfax", "enable", "MT1"], 3), (["fault", "nobody"], 2), (["no-such"], 2)]:
        result = run(*words, "--state", str(tmp_path), "--json", status=status)
        told = json.loads(result.stdout)
        assert (told["status"], told["state"]) == (status, "failed")
        assert told["text"] and result.stderr


def test_a_device_reaches_no_terminal(sandbox, send):
    """An escape sequence in a path or a serial number could rewrite what the terminal shows."""
    send("POST", sandbox.urls["xyte"].http + "/v1/devices", data=b'{"sn": "\x1b[2J\xc2\x9b31m"}')
    sandbox.ickstream.create_user("a\x1b]0;title\x07\u202eb")
    for words in (["log"], ["ickstream", "users"], ["ickstream", "users", "--json"]):
        output = run(*words, "--state", str(sandbox.state_folder)).output
        assert all(char.isprintable() or char == "\n" for char in output), words


@pytest.mark.parametrize("words", [["etherfax", "create"], ["time"], ["fault"], ["centagate", "set-token"]])
def test_help_tells_the_http_call_and_each_argument(words):
    output = run(*words, "--help").output
    assert f"POST /admin/{'/'.join(words)}\n" in output
    assert "Authorization: Bearer KEY" in output
    command = functools.reduce(lambda group, word: group.commands[word], words, main)
    assert not [it.name for it in command.params if not it.help]


def test_a_choice_is_told_with_its_values():
    output = run("centagate", "set-token", "--help").output
    assert "[new, deactivated, active, locked, lost, expired]" in " ".join(output.split())
    assert "is not one of 'new', 'deactivated'" in run("centagate", "set-token", "1", "odd", status=2).output
    assert "'tolerance' is not 'day_tolerance'" in run("etherfax", "set", "tolerance", "1", status=2).output


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell):
    """The script is that of click, and asks the program."""
    assert f"_ENROLL_SANDBOX_COMPLETE={shell}_complete" in run("completion", shell).output


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash here")
@pytest.mark.long
def test_completion_in_bash():
    typed = "COMP_WORDS=(enroll-sandbox centagate set-token 1 de); COMP_CWORD=4"
    call = '_enroll_sandbox_completion enroll-sandbox; echo "${COMPREPLY[@]}"'
    command = ["bash", "-c", f'eval "$(enroll-sandbox completion bash)"; {typed}; {call}']
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout.strip() == "deactivated", done


@pytest.mark.parametrize("colours", [True, False])
def test_a_line_for_a_terminal(sandbox, send, colours):
    """With the time of day and the service, and in red where the request failed; elsewhere, see test_serve."""
    told, access = io.StringIO(), logging.getLogger("sandbox.access")
    handler = logging.StreamHandler(told)
    handler.setFormatter(Live(colours))
    access.addHandler(handler)
    access.setLevel(logging.INFO)
    try:
        send("GET", sandbox.urls["xyte"].http + "/%1B[2J")
        send("GET", f"http://127.0.0.1:{sandbox.ports['http']}/")
    finally:
        access.removeHandler(handler)
        access.setLevel(logging.NOTSET)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", told.getvalue())
    assert re.fullmatch(
        r"[\d:]{8} xyte        http GET /xyte/%1B\[2J 404\n[\d:]{8} -           http GET / 200\n", plain
    )
    assert ("\x1b[31mhttp GET /xyte" in told.getvalue()) is colours
    assert ("\x1b" in told.getvalue()) is colours
