"""The command line, from ``serve`` to every operation."""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import enroll_tools
import pytest
from click.testing import CliRunner
from enroll_tools.sandbox import Sandbox
from enroll_tools.sandbox.cli import main


@pytest.fixture
def state(tmp_path, monkeypatch):
    for name in ("SANDBOX_STATE", "SANDBOX_ADMIN_URL", "SANDBOX_ADMIN_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "state"


@pytest.fixture
def running(state):
    with Sandbox(state) as sandbox:
        yield sandbox


@pytest.fixture
def cli(state):
    """Run a command against the sandbox on the state folder."""

    def call(*arguments, status=0, as_json=False, folder=state):
        result = CliRunner().invoke(main, [*arguments, "--state", str(folder), *(["--json"] if as_json else [])])
        assert result.exit_code == status, result.output
        assert "Traceback" not in result.output
        return json.loads(result.stdout) if as_json else result.output

    return call


def serve(*arguments, state):
    path = [str(Path(enroll_tools.__file__).parent.parent), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    command = [sys.executable, "-m", "enroll_tools.sandbox", "serve", "--state", str(state), *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment, cwd=state.parent)


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.long), signal.SIGTERM])
def test_serve(state, send, cli, number):
    process = serve("--free-ports", "--json", "--time", "2017-02-02T12:00:00Z", state=state)
    try:
        info = json.loads(process.stdout.readline())
        names = {"console", "urls", "admin", "ntp", "ca_pem", "ca_der", "ca_sha256", "state", "ports", "time"}
        assert set(info) == names | {"console_link"}
        assert info["time"].startswith("2017-02-02T12:00:0")
        cli("etherfax", "create", "MT873615726", "--enable")
        url = info["urls"]["etherfax"]["http"]
        query = "/devices?a=register&id=MT873615726&token=414d6d04931da79f6d9925e0c30b85a3"
        assert send("GET", url + query).status == 200
        assert cli("log", as_json=True)["status"] == 200
        start = time.monotonic()
        process.send_signal(number)
        output, errors = process.communicate(timeout=10)
        assert time.monotonic() - start < 8, "it waits for nobody"
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, output) == (0, "")
    # One line a request, without the token and without a traceback.
    assert errors.splitlines() == [
        "http GET /etherfax/rest/2.0/api/devices?a=register&id=MT873615726&token=*** 200",
    ]


def test_serve_for_people(state):
    process = serve("--free-ports", "--quiet", state=state)
    try:
        lines = []
        while not lines or not lines[-1].strip().startswith("time"):
            lines.append(process.stdout.readline())
        process.terminate()
        process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
    text = "".join(lines)
    assert "\x1b" not in text
    for word in ("etherfax", "/centagate/CentagateWS/webresources", "https-expired", "ntp", str(state / "ca.der")):
        assert word in text
    # A newcomer opens it first, and the text stays below it.
    assert re.fullmatch(r"Open the console: http://127\.0\.0\.1:\d+/login\?ticket=[\w-]{22}\n", lines[0])


def test_a_link_to_the_console(running, state, cli, send):
    link = cli("console").strip()
    assert link.startswith(running.console_url + "login?ticket=")
    assert cli("console", as_json=True) != link
    assert send("GET", link).status == 303
    url = running.admin_url.replace("127.0.0.1", "localhost")
    assert cli("console", "--admin-url", url).startswith(url.removesuffix("admin") + "login?ticket=")


def refused(process):
    try:
        output, errors = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert output == ""
    assert len(errors.strip().splitlines()) == 1, errors
    return process.returncode, errors


def test_serve_refuses(running, state, tmp_path):
    port = running.ports["http"]
    status, errors = refused(serve("--free-ports", "--port", f"http={port}", state=tmp_path / "other"))
    assert status == 1
    assert f"port {port} for http, Address already in use: use --free-ports without --port http, or" in errors
    taken = f"Error: another sandbox uses the state folder {state}: end it, or name another by --state\n"
    assert refused(serve("--free-ports", state=state)) == (1, taken)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--port", "http=x"], 2, "--port wants NAME=NUMBER"),
        (["--port", "gopher=1"], 2, "--port wants NAME=NUMBER"),
        (["--port", "http=99999"], 2, "--port wants NAME=NUMBER"),
        (["--set", "etherfax"], 2, "--set wants"),
        (["--set", "etherfax.x=1"], 2, "no setting"),
        (["--time", "noon"], 2, "not an ISO 8601 time"),
        (["--stratum", "0"], 2, "stratum"),
        (["--nonsense"], 2, "No such option"),
        (["--host", "0.0.0.0"], 2, "0.0.0.0 is not loopback: listening there needs --listen-anywhere"),
        (["--admin-host", "0.0.0.0"], 2, "not loopback"),
    ],
)
def test_wrong_options(cli, arguments, status, words):
    assert words in cli("serve", "--free-ports", *arguments, status=status)


def test_a_key_of_the_users_own(state, tmp_path, cli, monkeypatch):
    key = tmp_path / "key"
    key.write_text("sixteen-letters!\n")
    process = serve("--free-ports", "--json", "--listen-anywhere", "--admin-key-file", str(key), state=state)
    try:
        json.loads(process.stdout.readline())
        assert not (state / "admin.key").exists()
        assert "admin key is missing or wrong" in cli("info", status=1)
        assert cli("info", "--admin-key-file", str(key))
        monkeypatch.setenv("SANDBOX_ADMIN_KEY", "sixteen-letters!")
        assert cli("info")
    finally:
        process.terminate()
        process.communicate(timeout=10)
    key.write_bytes(b"\xff")
    assert "cannot read the admin key file" in cli("info", "--admin-key-file", str(key), status=2)
    key.write_text("\n")
    assert "is empty" in cli("info", "--admin-key-file", str(key), status=2)
    key.write_text("15-characters!!")
    assert "has 15 characters: give it from 16" in cli("info", "--admin-key-file", str(key), status=2)
    assert "has 15 characters" in cli("serve", "--admin-key-file", str(key), status=2)


def test_nobody_there(cli, state, monkeypatch):
    nobody = f"Error: no sandbox runs on the state folder {state}: use `enroll-sandbox serve`\n"
    assert cli("info", status=3) == nobody
    monkeypatch.setenv("SANDBOX_ADMIN_URL", "http://127.0.0.1:1/admin")
    said = cli("info", status=3)
    assert "no sandbox answers at http://127.0.0.1:1/admin, " in said and " refused: start one with `enroll-s" in said


def test_proxies_of_the_environment_are_ignored(running, cli, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert cli("info")


def test_etherfax(running, cli):
    assert cli("etherfax", "create", "MT1") == "serial: MT1\nenabled: false\n"
    assert cli("etherfax", "enable", "MT1") == ""
    assert cli("etherfax", "devices", as_json=True) == [
        {"serial": "MT1", "enabled": True, "device_token": None, "registered_at": None}
    ]
    table = cli("etherfax", "devices")
    assert "serial" in table and "MT1" in table and "\x1b" not in table
    for command in ("disable", "reset", "delete"):
        assert cli("etherfax", command, "MT1") == ""
    assert cli("etherfax", "devices") == "none\n"
    assert cli("etherfax", "delete", "MT1", status=1) == "Error: etherfax has no device 'MT1'\n"
    assert "Missing argument 'SERIAL'" in cli("etherfax", "create", status=2)
    assert cli("etherfax", "set", "day_tolerance", "1", as_json=True) == {"day_tolerance": 1}


def test_ickstream(running, cli):
    cli("ickstream", "create-user", "ann")
    cli("ickstream", "create-application", "app", "--model", "acme/player")
    token = cli("ickstream", "create-token", "ann", "--lifetime", "60").strip()
    assert [row["token"] for row in running.ickstream.tokens(reveal=True)] == [token]
    assert token not in cli("ickstream", "tokens")
    assert token in cli("ickstream", "tokens", "--reveal")


def test_xyte(running, cli, send):
    model = cli("xyte", "create-model", "M1", as_json=True)
    body = {"hardware_key": model["hardware_key"], "sn": "1", "mac": "112233445566", "firmware_version": "1.0.0"}
    device = send("POST", running.urls["xyte"].http + "/v1/devices", json=body).json()["id"]
    cli("xyte", "queue-command", device, "reboot", "--parameters", '{"delay": 3}')
    assert running.xyte.commands()[0]["parameters"] == {"delay": 3}
    assert cli("xyte", "set-config", device, '{"a": 1}') == "1\n"
    assert "not JSON" in cli("xyte", "set-config", device, "{", status=2)
    assert "not a JSON object" in cli("xyte", "set-config", device, "[]", status=2)


def test_centagate(running, cli):
    session = cli("centagate", "create-session", "boss", as_json=True)
    assert session == running.centagate.sessions(reveal=True)[0]
    cli("centagate", "create-token", "T1", "--status", "new")
    assert running.centagate.tokens()[0]["status"] == "new"
    cli("centagate", "fail", "10004", "--times", "2")
    assert "Invalid value" in cli("centagate", "fail", "x", status=2)


def test_faults_time_and_ntp(running, cli):
    arguments = ["--times", "2", "--status", "503", "--headers", '{"Retry-After": "7"}', "--body", "busy"]
    cli("fault", "etherfax", *arguments, "--delay", "0.5", "--truncate", "0")
    (fault,) = running.faults()
    assert (fault.times, fault.status, fault.body, fault.delay, fault.truncate) == (2, 503, b"busy", 0.5, 0)
    assert fault.headers == {"Retry-After": "7"}
    cli("clear-faults")
    assert cli("faults") == "none\n"
    assert cli("time", "--set", "2017-02-02T12:00:00Z").startswith("2017-02-02T12:00:0")
    assert cli("ntp", "--fault", "short", as_json=True)["fault"] == "short"


def test_log(running, cli, send):
    send("GET", running.urls["etherfax"].http + "/devices?a=register&id=1&token=secret-canary")
    send("GET", running.urls["xyte"].http + "/nothing", headers={"Authorization": "secret-canary"})
    text = cli("log")
    assert "GET /etherfax/rest/2.0/api/devices?a=register&id=1&token=*** 403" in text
    assert "    Authorization: ***" in text
    assert '    < {"Message": "Forbidden."}' in text
    assert "secret-canary" not in text and "\x1b" not in text
    assert cli("log", "--service", "xyte", as_json=True)["id"] == 2
    assert cli("log", "--listener", "https") == ""
    assert cli("log", "--after", "1", as_json=True)["id"] == 2
    assert cli("counts", as_json=True)["http"]["requests"] == 2
    cli("log", "--clear")
    assert running.log() == []


def test_what_a_device_sends_neither_moves_the_cursor_nor_forges_a_line(running, cli, send):
    send("POST", running.urls["xyte"].http + "/a%0ab", data="x\x1b[2J\n2017-02-02T12:00:00Z forged \u202e".encode())
    lines = cli("log", "--reveal").splitlines()
    assert "\\x1b[2J\\n2017-02-02T12:00:00Z forged \\u202e" in lines[1] and len(lines) == 3


def test_a_log_of_several_pages_is_shown_whole(running, cli, send):
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", running.ports["http"])) as connection:
        for _ in range(501):
            connection.request("GET", "/")
            connection.getresponse().read()
    assert len(cli("log").splitlines()) >= 501 and len(cli("log", "--after", "500").splitlines()) == 2


def test_the_log_fits_a_terminal(running, cli, send, monkeypatch):
    """Folded, and nothing is lost; in a pipe a request stays one line."""
    send("GET", running.urls["etherfax"].http + "/devices?a=register&id=" + "7" * 90)
    (whole, *_) = cli("log").splitlines()
    assert len(whole) > 120
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    lines = re.sub("\x1b\\[[0-9;]*m", "", cli("log")).splitlines()
    assert all(len(line) <= 80 for line in lines) and lines[1].startswith("      ")
    assert "".join(lines).replace(" ", "").startswith(whole.replace(" ", ""))


@pytest.mark.parametrize("words", [("info",), ("counts",), ("ickstream", "users", "--reveal"), ("faults",)])
def test_what_is_shown_fits_a_terminal_and_no_address_is_cut(running, cli, monkeypatch, words):
    running.ickstream.create_user("u" * 60)
    running.fault("xyte", status=503, path="/v1/devices/of/a/long/path/that/is/not/there/at/all")
    whole = cli(*words)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    shown = re.sub("\x1b\\[[0-9;]*m", "", cli(*words))
    assert not [line for line in shown.splitlines() if len(line) > 80 and len(line.split()) > 2], shown
    assert set(re.findall(r"https?://[^\s\"]+", whole)) == set(re.findall(r"https?://[^\s\"]+", shown)), shown


def test_follow(running, state, send):
    command = [sys.executable, "-m", "enroll_tools.sandbox", "log", "--state", str(state), "--json", "--follow"]
    environment = {**os.environ, "PYTHONPATH": str(Path(enroll_tools.__file__).parent.parent), "PYTHONUNBUFFERED": "1"}
    # a shell without job control, as in CI, has its background processes ignore SIGINT, and theirs inherit that
    heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    following = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, preexec_fn=heed
    )
    try:
        for number in (1, 2):
            send("GET", running.urls["xyte"].http)
            assert json.loads(following.stdout.readline())["id"] == number
        following.send_signal(signal.SIGINT)
        _, errors = following.communicate(timeout=10)
    finally:
        following.kill()
        following.wait()
    assert (following.returncode, errors) == (0, "")


@pytest.mark.parametrize("group", [[], ["etherfax"], ["ickstream"], ["xyte"], ["centagate"], ["serve"], ["log"]])
def test_help(group):
    result = CliRunner().invoke(main, [*group, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.output


def test_no_option_hides_another():
    for group in main.commands.values():
        for command in getattr(group, "commands", {"": group}).values():
            names = [option for parameter in command.params for option in {parameter.name, *parameter.opts}]
            assert len(set(names)) == len(names), command.name
