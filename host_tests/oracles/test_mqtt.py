"""MQTT: genuine umqtt.simple and simple2 on each MicroPython, over TLS, with a genuine mosquitto."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import certificates
import devices
import mosquitto
import on_micropython
import program
import pytest
from enroll_tools.sandbox import Sandbox
from runtimes import micropython

pytestmark = pytest.mark.skipif(not mosquitto.there(), reason="mosquitto is not there: install it with its clients")
UMQTT = devices.ROOT / ".cache" / "oracles" / "umqtt"
CLOUDS = {  # what a device of each may do at the broker
    "thingsboard": ("readwrite v1/devices/me/#",),
    "cumulocity": ("write s/us", "read s/ds", "read s/e"),
}
_numbers = itertools.count(1)
PRELUDE = (
    program.PRELUDE
    + """
import enroll.mqtt
got = []
def connected(**more):
    return enroll.mqtt.connect(config, port, lambda topic, message: got.append((topic, message)), log=log, **more)
def wait(client, count=1):
    while len(got) < count:
        client.wait_msg()
"""
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(reveal_secrets=True) as sandbox:
        yield sandbox


@pytest.fixture(params=sorted(path.name for path in UMQTT.glob("*")))
def umqtt(request: pytest.FixtureRequest) -> str:
    """The name of a client."""
    return str(request.param)


@pytest.fixture(scope="session")
def authority() -> certificates.Pair:
    return certificates.make("the broker's CA", ca=True)


@pytest.fixture
def broker(tmp_path: Path, authority: certificates.Pair) -> Iterator[mosquitto.Mosquitto]:
    broker = mosquitto.Mosquitto(
        tmp_path / "broker", certificates.make("broker", issuer=authority), authority=authority
    )
    yield broker
    broker.stop()


class Registered:
    """A device that has registered at the sandbox, and is a user of `broker`."""

    def __init__(self, folder: Path, sandbox: Sandbox, broker: mosquitto.Mosquitto, name: str, runtime: str) -> None:
        self.device = devices.Device(folder, runtime, on_micropython.library())
        made = devices.create(sandbox, name, str(next(_numbers)))
        self.config = devices.configuration(sandbox, name, made)
        self.config["mqtt"] = {"ca": "broker.pem"}
        self.device.write(self.config)
        (folder / "broker.pem").write_bytes((broker.folder / "ca.pem").read_bytes())
        assert self.device.boot().returncode == 0, self.device.heard

    def run(self, umqtt: str, text: str) -> list[str]:
        """Run a program with the client `umqtt`; returns the words of its last line."""
        script = self.device.folder / "program.py"
        script.write_text(PRELUDE + text)
        path = f"{UMQTT / umqtt}:{self.device.environment['MICROPYPATH']}"
        command = [str(micropython(self.device.runtime)), str(script), str(self.device.path)]
        done = self.device.run(command, MICROPYPATH=path)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-1].split()

    @property
    def access(self) -> dict[str, Any]:
        """What its credential says of the broker, with the secrets."""
        text = "access = enroll.stored(config, port).mqtt(1795000000)\n"
        text += "print(*[access[key].reveal() for key in ('user', 'password')])"
        user, *password = self.run("simple", text)
        return {"user": user, "password": "".join(password)}


Make = Callable[..., Registered]


@pytest.fixture
def register(sandbox: Sandbox, broker: mosquitto.Mosquitto, tmp_path: Path) -> Make:
    """`register(cloud, runtime)`: a device there, which is a user of the broker, which is then started."""

    def register(name: str, runtime: str) -> Registered:
        it = Registered(tmp_path / name, sandbox, broker, name, runtime)
        user = it.access
        broker.user(user["user"], user["password"] or None, *CLOUDS[name])
        broker.start(passwords=bool(user["password"]))
        it.config["mqtt"]["port"] = broker.port
        it.device.write(it.config)
        return it

    return register


@pytest.mark.parametrize(("name", "topic"), [("thingsboard", "v1/devices/me/telemetry"), ("cumulocity", "s/us")])
def test_a_registered_device_publishes_over_verified_tls(register, broker, name, topic, runtime, umqtt):
    device = register(name, runtime)
    text = f"connected().publish({topic!r}, b'21.5')"
    with broker.watched("#") as seen:
        device.run(umqtt, text + "\nprint('done')")
    assert seen == [f"{topic} 21.5"]
