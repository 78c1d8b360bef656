"""Other people's programs for the same protocols: `make test-oracles` fetches and runs them, `make test` does not."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import certificates
import mosquitto
import mqtt_device
import pytest
from devices import ROOT
from enroll_tools.sandbox import Sandbox

HERE = Path(__file__).parent
FETCHED = ROOT / ".cache" / "oracles"
collect_ignore_glob = [] if os.environ.get("ORACLES") else ["test_*.py"]

Ask = Callable[..., Any]
Make = Callable[..., mqtt_device.Registered]
CLOUDS: dict[str, tuple[str, ...]] = {  # what a device of each may do at the broker
    "thingsboard": ("readwrite v1/devices/me/#",),
    "cumulocity": ("write s/us", "read s/ds", "read s/e"),
    "xyte": ("readwrite v1/device/#",),
    "azure": ("readwrite devices/#",),
}


def _ask(command: list[Path | str], question: dict[str, Any], **environment: str) -> Any:
    done = subprocess.run(
        command,
        input=json.dumps(question),
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def ask_python() -> Ask:
    """`ask_python("name.py", key=value)` runs that program with the packages of requirements.txt. It gets the values as
    a JSON object on stdin; returns the JSON that it prints."""
    python = FETCHED / "bin" / "python"

    def ask(program: str, /, **question: Any) -> Any:
        return _ask([python, HERE / program], question)

    return ask


@pytest.fixture
def ask_node() -> Ask:
    """The same for a program of Node with the packages of package.json. `ca`: the file that it trusts."""
    if not (FETCHED / "node_modules").is_dir():
        pytest.skip("packages of npm are not there: install Node and run 'make test-oracles'")

    def ask(program: str, /, ca: str | Path = "", **question: Any) -> Any:
        environment = {"NODE_PATH": str(FETCHED / "node_modules"), "NODE_EXTRA_CA_CERTS": str(ca)}
        return _ask(["node", HERE / program], question, **environment)

    return ask


@pytest.fixture(params=sorted(path.name for path in mqtt_device.UMQTT.glob("*")))
def umqtt(request: pytest.FixtureRequest) -> str:
    """The name of a client."""
    return str(request.param)


@pytest.fixture(scope="session")
def authority() -> certificates.Pair:
    return certificates.make("the broker's CA", ca=True)


@pytest.fixture
def broker(tmp_path: Path, authority: certificates.Pair) -> Iterator[mosquitto.Mosquitto]:
    chain = certificates.served(certificates.make("broker", issuer=authority))
    broker = mosquitto.Mosquitto(tmp_path / "broker", chain, authority.pem())
    yield broker
    broker.stop()


@pytest.fixture
def register(sandbox: Sandbox, broker: mosquitto.Mosquitto, tmp_path: Path) -> Make:
    """`register(cloud, runtime)`: a device there, which is a user of the broker, which is then started."""

    def register(name: str, runtime: str) -> mqtt_device.Registered:
        it = mqtt_device.Registered(tmp_path / name, sandbox, broker, name, runtime)
        user = it.access
        broker.user(user["user"], user["password"] or None, *CLOUDS[name])
        broker.start(passwords=bool(user["password"]) and name != "azure")  # Azure's password changes
        it.at(broker.port)
        return it

    return register


@pytest.fixture
def rogue(tmp_path: Path) -> Iterator[Callable[..., mqtt_device.Rogue]]:
    """`rogue(chain...)`: a Rogue with that certificate."""
    servers: list[mqtt_device.Rogue] = []

    def rogue(*chain: certificates.Pair) -> mqtt_device.Rogue:
        servers.append(mqtt_device.Rogue(tmp_path / f"rogue-{len(servers)}", *chain))
        return servers[-1]

    yield rogue
    for server in servers:
        server.close()
