"""`example` and `serve --lan`: what a board needs to register at this sandbox."""

from __future__ import annotations

import ipaddress
import json
import os
import ssl
import subprocess
import sys

import pytest
from click.testing import CliRunner
from devices import Device
from enroll_tools.sandbox import Sandbox, SandboxError
from enroll_tools.sandbox.cli import main
from enroll_tools.sandbox.commands.show import new_table, print_table
from enroll_tools.sandbox.listeners import lan_address
from enroll_tools.sandbox.samples import SERVICES, form, fresh
from runtimes import first


@pytest.fixture(scope="module")
def kept():
    with Sandbox() as sandbox:
        yield sandbox


def run(*words, status=0):
    result = CliRunner().invoke(main, words)
    assert result.exit_code == status, result.output
    return result


def test_no_device_is_created_for_a_folder_that_cannot_be_written(kept):
    before = kept.etherfax.devices()
    result = run("example", "etherfax", "--state", str(kept.state_folder), "--out", f"{os.devnull}/x", status=1)
    assert "cannot write to /dev/null: name another folder by --out" in result.stderr
    assert kept.etherfax.devices() == before


def test_a_folder_for_a_board(kept, tmp_path):
    out = tmp_path / "board"
    words = ["example", "etherfax", "--state", str(kept.state_folder), "--out", str(out)]
    result = run(*words, "--wifi", "home")
    assert f"next: enroll-provision one {out}/enroll.json" in result.stdout
    assert "for this computer alone: for a board, use `enroll-sandbox serve --lan`" in result.stderr
    config = json.loads((out / "enroll.json").read_text())
    assert config["url"] == kept.urls["etherfax"].https
    assert (config["ca"], config["ntp"]) == ("ca.der", [kept.ntp])
    assert config["network"][0]["password"] == {"$prompt": "Password of the Wi-Fi home"}
    assert [row["serial"] for row in kept.etherfax.devices()] == [config["etherfax"]["serial"]]
    assert (out / "ca.der").read_bytes() == kept.ca_der.read_bytes()
    assert (out / "enroll.json").stat().st_mode & 0o777 == 0o600
    assert "is there already: use --out" in run(*words, status=1).output
    assert json.loads(run(*words, "--force", "--json").stdout)["enroll_json"] == str(out / "enroll.json")


def test_a_file_that_cannot_be_written_is_a_sentence(kept, tmp_path):
    (tmp_path / "enroll.json").mkdir()
    words = ["example", "etherfax", "--state", str(kept.state_folder), "--out", str(tmp_path), "--force"]
    assert "enroll.json: Is a directory: free space, or name another --out" in run(*words, status=1).stderr


def test_the_ca_of_a_service_is_not_replaced(kept, tmp_path):
    """Beside a configuration with another name, the CA of the genuine service became the sandbox's."""
    before = kept.etherfax.devices()
    words = ["example", "etherfax", "--state", str(kept.state_folder), "--out", str(tmp_path)]
    (tmp_path / "ca.der").write_bytes(b"of the service")
    assert "ca.der is of another CA: use --out for another folder, or --force" in run(*words, status=1).output
    assert (tmp_path / "ca.der").read_bytes() == b"of the service" and kept.etherfax.devices() == before
    (tmp_path / "ca.der").write_bytes(kept.ca_der.read_bytes())
    run(*words)


def test_a_device_registers_with_it(kept, tmp_path):
    out = tmp_path / "board"
    run("example", "azure", "--state", str(kept.state_folder), "--out", str(out))
    done = Device(out, first()).boot()
    assert (done.returncode, done.stdout.split()[-3:-1]) == (0, ["registered", "azure"]), done.stdout


@pytest.mark.parametrize("service", SERVICES)
def test_each_device_is_a_new_one(kept, service):
    one, other = fresh(kept, service), fresh(kept, service)
    identity = {"sn", "serial", "hardware_id", "token_sn"} & set(one)
    assert all(one[name] != other[name] for name in identity), "the second one would be refused as registered"


@pytest.mark.parametrize("service", ["xyte", "rest", "centagate"])
def test_no_device_is_created_unless_wanted(service):
    with Sandbox() as sandbox:
        before = sandbox.export_state()
        section = form(sandbox, service)
        assert '{"$prompt": "' + service in json.dumps(section)
        assert sandbox.export_state() == before


def test_the_form_of_a_device_that_waits(kept, tmp_path):
    """`--no-create` forgot `--by-hand`: the form was that of a device that registers at once."""
    words = ["example", "rest", "--state", str(kept.state_folder), "--by-hand", "--out"]
    run(*words, str(tmp_path / "made"))
    run(*words, str(tmp_path / "form"), "--no-create")
    made, asked = (json.loads((tmp_path / name / "enroll.json").read_text())["rest"] for name in ("made", "form"))
    assert asked["steps"] == made["steps"] and "/enrollments" in json.dumps(asked)
    assert asked["secrets"] == {"fleet_token": {"$prompt": "rest.secrets.fleet_token"}}
    words[1] = "etherfax"
    assert "no person decides" in run(*words, str(tmp_path / "none"), "--no-create", status=1).output


def test_an_address_in_the_network():
    """Found without a packet; a computer without a network is told what to do."""
    try:
        assert not ipaddress.ip_address(lan_address()).is_loopback
    except SandboxError as error:
        assert "--host" in str(error)


@pytest.mark.long
def test_serve_lan(tmp_path):
    command = [sys.executable, "-m", "enroll_tools.sandbox", "serve", "--lan", "--host", "127.0.0.9", "--free-ports"]
    command += ["--json", "--state", str(tmp_path / "state")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            info = json.loads(process.stdout.readline())
            pem = ssl.get_server_certificate(("127.0.0.9", info["ports"]["https"]), ca_certs=info["ca_pem"])
        finally:
            process.terminate()
    assert "CERTIFICATE" in pem, "verified by the address that boards call"
    assert info["urls"]["rest"]["https"].startswith("https://127.0.0.9:")
    assert info["console"] == f"http://127.0.0.9:{info['ports']['admin']}/"
    assert info["console_link"].startswith(info["console"] + "login?ticket=")
    assert info["admin_key"] == (tmp_path / "state" / "admin.key").read_text().strip()
    assert len(info["ca_sha256"].split(":")) == 32


def test_a_fingerprint_is_shown_as_it_is(capsys):
    """Rich took :CD: for the name of a picture."""
    table = new_table("what")
    table.add_row("97:CD:48")
    print_table(table)
    assert "97:CD:48" in capsys.readouterr().out
