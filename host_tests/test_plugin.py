"""The pytest plugin, in projects that are not this one; test_release.py tries it as the wheel brings it."""

import subprocess
import sys
from pathlib import Path

import pytest
from devices import ROOT
from enroll_tools import unix_device
from enroll_tools.sandbox import Sandbox
from enroll_tools.sandbox.commands import log
from runtimes import first, micropython
from test_blocks import block

pytest_plugins = "pytester"
# This plugin alone, whether or not an installation of this checkout brings it, too.
OURS = ("--disable-plugin-autoload", "-p", "enroll_tools.pytest_plugin", "-p", "no:cacheprovider")
KEPT = (Sandbox, log, unix_device)  # pytester forgets what a run imports: it need not import these each time

NOTHING = """
import sys

def test_nothing():
    ours = [name for name in sys.modules if name.startswith("enroll_tools.")]
    assert ours == ["enroll_tools.pytest_plugin"]
    assert not {"aiohttp", "click", "cryptography", "rich", "jinja2"} & {*sys.modules}
"""
FAILS = """
def test_it(enroll_sandbox, enroll_device):
    key = enroll_sandbox.xyte.create_model("M1")["hardware_key"]
    device = enroll_device("firmware/xyte.json", xyte={"hardware_key": key, "sn": "1", "mac": "112233445566"})
    enroll_sandbox.fault("xyte", status=503, body="busy")
    assert device.boot(once=True).registered
"""
OPTIONS = """
import pytest

def test_ini(enroll_sandbox):
    assert enroll_sandbox.info()["time"].startswith("2017-02-02T12:00:0")
    assert enroll_sandbox.etherfax.settings.day_tolerance == 1
    assert enroll_sandbox.state_folder.is_relative_to(pytest.FOLDER)

@pytest.mark.enroll_sandbox(time="2018-01-01", settings={"etherfax.day_tolerance": 0})
def test_mark(enroll_sandbox):
    assert enroll_sandbox.info()["time"].startswith("2018-01-01T00:00:0")
    assert enroll_sandbox.etherfax.settings.day_tolerance == 0

def test_fresh(enroll_sandbox, enroll_sandbox_session):
    assert enroll_sandbox is not enroll_sandbox_session
    enroll_sandbox_session.etherfax.create("MT1")
    assert not enroll_sandbox.etherfax.devices()

def test_whole_run(enroll_sandbox_session):
    assert enroll_sandbox_session.etherfax.devices()
"""
DEVICE = """
import pytest

def test_erase_and_applications(enroll_sandbox, enroll_device, tmp_path):
    device = enroll_device("xyte", identity={"mac": "112233445566"})
    first = device.boot()
    assert (first.status, first.kind, first.provider) == (0, "registered", "xyte")
    (tmp_path / "mine.py").write_text("def main(session):\\n    print('mine', session.credential.device_id)")
    ran = device.app(tmp_path / "mine.py")
    assert ran.output[-1] == f"mine {first.device_id}" and ran.device_id == first.device_id
    (tmp_path / "mine.py").write_text("def main(session):\\n    print('begun')\\n    while True: pass")
    ran = device.app(tmp_path / "mine.py", timeout=0.7)
    assert ran.registered and ran.status is None
    device.erase()
    assert sorted(it.name for it in device.flash.iterdir()) == ["app.py", "enroll.json", "main.py"]
    assert device.boot(once=True).kind == "refused"  # this service registers it once
    enroll_sandbox.xyte.delete(first.device_id)
    assert device.boot(once=True).registered

def test_time_runs_out_and_mistakes(enroll_sandbox, enroll_device):
    enroll_sandbox.fault("*", status=503, times=9)
    outcome = enroll_device("etherfax").boot(timeout=0.7)
    assert (outcome.kind, outcome.status) == ("unfinished", None) and "once=True" in outcome.message
    outcome = enroll_device("etherfax", timeout="long").boot()
    assert (outcome.kind, outcome.status) == ("configuration", 78) and "`timeout`" in outcome.message

def test_real_addresses_are_replaced(enroll_sandbox, enroll_device):
    import json
    device = enroll_device({"provider": "oauth", "url": "https://login.example.com",
                            "oauth": {"api": "https://login.example.com/me"}})
    config = json.loads((device.flash / "enroll.json").read_text())
    here = enroll_sandbox.url("oauth")
    assert (config["url"], config["oauth"]["api"]) == (here, here + "/me")
    faulty = enroll_sandbox.url("etherfax", "https-expired")
    assert enroll_device("etherfax", url=faulty).boot(once=True).kind == "certificate"
    with pytest.raises(Exception, match="no service 'mine'"):
        enroll_device({"provider": "mine", "url": "https://192.0.2.1"})
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A project of somebody else; its runs share this process, but neither our conftest.py nor our settings."""
    pytester.makeini(f"[pytest]\nenroll_micropython = {micropython(first())}\nfilterwarnings = error\n")
    (pytester.path / "firmware").mkdir()
    (pytester.path / "firmware/xyte.json").write_bytes((ROOT / "firmware/examples/xyte.json").read_bytes())
    return pytester


def run(project: pytest.Pytester, text: str, *options: str) -> pytest.RunResult:
    project.makepyfile(text)
    return project.runpytest_inprocess(*OURS, *options)


def test_the_example_of_the_page(project: pytest.Pytester) -> None:
    example = block("docs/sandbox.md", "def test_")
    assert len(example.splitlines()) < 20
    (project.path / "enroll.json").write_bytes((ROOT / "firmware/examples/etherfax.json").read_bytes())
    run(project, example).assert_outcomes(passed=3)


def test_a_run_without_the_fixtures_imports_nothing_of_ours(tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text(NOTHING)
    command = [sys.executable, "-m", "pytest", "-q", *OURS]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_failed_test_shows_packets_and_boots_without_secrets(project: pytest.Pytester) -> None:
    result = run(project, FAILS, "--tb=short")
    result.assert_outcomes(failed=1)
    shown = result.stdout.str()
    packets = shown.partition("enroll_sandbox: newest packets")[2].partition("enroll_device 1: its boots")[0]
    assert "ntp NTP" in packets and "POST /xyte/v1/devices 503 (fault: canned 503)" in packets and "***" in packets
    assert "boot 1: server, status 75" in shown and "enroll: time from 127.0.0.1" in shown


def test_options_of_the_sandbox(project: pytest.Pytester, tmp_path: Path) -> None:
    more = f"enroll_sandbox_time = 2017-02-02T12:00:00Z\nenroll_sandbox_state = {tmp_path / 'kept'}\n"
    ini = project.path / "tox.ini"
    ini.write_text(f"{ini.read_text()}\n{more}")
    text = OPTIONS.replace("pytest.FOLDER", repr(str(tmp_path / "kept")))
    run(project, text, "--enroll-sandbox-set", "etherfax.day_tolerance=1", "--strict-markers").assert_outcomes(passed=4)
    assert len([*(tmp_path / "kept").glob("*/sandbox.sqlite3")]) == 4


def test_what_a_device_can_do(project: pytest.Pytester) -> None:
    run(project, DEVICE).assert_outcomes(passed=3)


def test_a_mistake_in_an_option_is_a_sentence(project: pytest.Pytester) -> None:
    result = run(project, "def test_it(enroll_sandbox): pass", "--enroll-sandbox-set", "etherfax.day_tolerance=3")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["etherfax.day_tolerance wants one of 0, 1, not '3'"])
    assert "During handling" not in result.stdout.str()


def test_without_a_micropython_a_sentence_says_what_to_do(project: pytest.Pytester) -> None:
    result = run(project, "def test_it(enroll_device): pass", "--enroll-micropython", "/nowhere/micropython")
    result.assert_outcomes(errors=1)
    said = " ".join(result.stdout.str().split())
    assert "/nowhere/micropython is not a MicroPython" in said and "name one with --enroll-micropython PATH" in said
    assert "During handling" not in said
