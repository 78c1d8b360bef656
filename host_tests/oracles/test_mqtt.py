"""MQTT: genuine umqtt.simple and simple2 on each MicroPython, over TLS, with a genuine mosquitto."""

from __future__ import annotations

import contextlib
import itertools
import select
import socket
import ssl
import subprocess
import threading
import time
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
UMQTT = devices.ROOT / ".cache" / "umqtt"
CLOUDS: dict[str, tuple[str, ...]] = {  # what a device of each may do at the broker
    "thingsboard": ("readwrite v1/devices/me/#",),
    "cumulocity": ("write s/us", "read s/ds", "read s/e"),
    "xyte": ("readwrite v1/device/#",),
    "azure": ("readwrite devices/#",),
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
    chain = certificates.served(certificates.make("broker", issuer=authority))
    broker = mosquitto.Mosquitto(tmp_path / "broker", chain, authority.pem())
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

    def command(self, umqtt: str, text: str) -> tuple[list[str], dict[str, str]]:
        """What runs a program with the client `umqtt`, and its environment."""
        script = self.device.folder / "program.py"
        script.write_text(PRELUDE + text)
        path = f"{UMQTT / umqtt}:{self.device.environment['MICROPYPATH']}"
        command = [str(micropython(self.device.runtime)), str(script), str(self.device.path)]
        return command, {"MICROPYPATH": path}

    def run(self, umqtt: str, text: str) -> list[str]:
        """Run a program with the client `umqtt`; returns the words of its last line."""
        command, environment = self.command(umqtt, text)
        done = self.device.run(command, **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()[-1].split()

    @contextlib.contextmanager
    def running(self, umqtt: str, text: str) -> Iterator[subprocess.Popen[str]]:
        """The same while the block runs; at its end the program has ended, or is killed."""
        command, environment = self.command(umqtt, text)
        whole = {**self.device.environment, **environment}
        with subprocess.Popen(command, env=whole, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as it:
            try:
                yield it
            finally:
                it.kill()

    def at(self, port: int, **more: Any) -> None:
        """Let its broker be at `port`."""
        self.config["mqtt"] |= {"port": port, **more}
        self.device.write(self.config)

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
        broker.start(passwords=bool(user["password"]) and name != "azure")  # Azure's password changes
        it.at(broker.port)
        return it

    return register


@pytest.mark.parametrize(("name", "topic"), [("thingsboard", "v1/devices/me/telemetry"), ("cumulocity", "s/us")])
def test_a_registered_device_publishes_over_verified_tls(register, broker, name, topic, runtime, umqtt):
    device = register(name, runtime)
    text = f"connected().publish({topic!r}, b'21.5')"
    with broker.watched("#") as seen:
        device.run(umqtt, text + "\nprint('done')")
    assert seen == [f"{topic} 21.5"]


@pytest.fixture
def rogue(tmp_path: Path) -> Iterator[Callable[..., tuple[int, bytearray]]]:
    """`rogue(chain...)`: a server with that certificate; returns its port, and what it is told inside of TLS."""
    listeners = []

    def rogue(*chain: certificates.Pair) -> tuple[int, bytearray]:
        folder = tmp_path / f"rogue-{len(listeners)}"
        folder.mkdir()
        context, told = certificates.context(folder, *chain), bytearray()
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve() -> None:
            while True:
                try:
                    stream, _ = listener.accept()
                except OSError:
                    return
                with contextlib.suppress(OSError, ssl.SSLError), context.wrap_socket(stream, server_side=True) as inner:
                    inner.settimeout(5)
                    while data := inner.recv(1000):
                        told.extend(data)

        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1], told

    yield rogue
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def test_a_wrong_certificate_never_sees_the_password(register, rogue, authority, runtime, umqtt):
    other = certificates.make("another CA", ca=True)
    wrong = {
        "is not signed by the CA": certificates.make("broker", issuer=other),
        "is for another host": certificates.make("broker", issuer=authority, names=("other.example",)),
        "has expired": certificates.make("broker", issuer=authority, days=(-30, -2)),
    }
    device = register("cumulocity", runtime)
    for words, chain in wrong.items():
        port, told = rogue(chain)
        device.at(port)
        text = "try:\n    connected()\nexcept enroll.EnrollError as error:\n    print(error.kind, error)"
        said = " ".join(device.run(umqtt, text))
        assert said.startswith("certificate ") and words in said
        assert told == b"", "it has been told something"
    port, told = rogue(certificates.make("broker", issuer=authority))
    device.at(port, keepalive=1)
    with device.running(umqtt, "connected()"):
        until = time.monotonic() + 20
        while b"device_" not in told and time.monotonic() < until:
            time.sleep(0.05)
    assert b"device_" in told, "a good certificate is told it, so that the above shows something"


def test_a_password_that_the_broker_does_not_know(register, sandbox, broker, runtime):
    """Two refusals, five seconds apart, make the device register again, as a 401 does."""
    sandbox.set("xyte.mqtt", True)
    device = register("xyte", runtime)
    (row,) = [row for row in sandbox.xyte.devices() if row["sn"] == device.config["xyte"]["sn"]]
    sandbox.xyte.delete(row["id"])
    broker.users[row["id"]] = "another-password"
    broker.stop()
    broker.start()
    sandbox.clear_log()
    text = "try:\n    connected()\nexcept enroll.EnrollError as error:\n    print(error.kind, error)"
    assert device.run("simple", text)[0] == "refused"
    times = [
        int(line.partition(":")[0]) for line in broker.heard.splitlines() if "CONNACK" in line and "(0, 5)" in line
    ]
    assert len(times) == 3 and times[1] - times[0] >= 5
    assert [entry.status for entry in sandbox.log("xyte")] == [201]


def test_what_the_acl_forbids(register, broker, runtime, umqtt):
    device = register("thingsboard", runtime)
    text = """
client = connected()
client.publish("elsewhere", b"1", qos=1)
client.publish("v1/devices/me/telemetry", b"2", qos=1)
print("done")
"""
    with broker.watched("#") as seen:
        device.run(umqtt, text)
    assert seen == ["v1/devices/me/telemetry 2"]
    assert broker.heard.count("Denied PUBLISH") == 1


AGAIN = """
client = connected()
client.subscribe(b"v1/devices/me/attributes", 1)
while not got:
    try:
        client.check_msg()
        time.sleep(0.05)
    except OSError as error:
        print("lost", error)
        while True:
            try:
                client.connect()
                break
            except (OSError, enroll.EnrollError) as error:
                time.sleep(0.1)
print(got[0][1].decode())
"""


def test_it_goes_on_after_the_broker_has_restarted(register, broker, runtime, umqtt):
    device = register("thingsboard", runtime)
    with device.running(umqtt, "import time" + AGAIN) as program:
        broker.wait_for("Received SUBSCRIBE")
        broker.stop()
        broker.start(passwords=False)
        broker.wait_for("Received SUBSCRIBE", 2)
        broker.publish("v1/devices/me/attributes", "hello")
        out = program.communicate(timeout=20)[0]
    assert out.splitlines()[-1] == "hello", out


class Relay:
    """Carries bytes to a broker and back until `still` is set; from then on everything vanishes."""

    def __init__(self, port: int) -> None:
        self.still = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._there = port
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        client, _ = self._listener.accept()
        with client, socket.create_connection(("127.0.0.1", self._there)) as broker, self._listener:
            while True:
                for source in select.select([client, broker], [], [])[0]:
                    data = source.recv(4096)
                    if not data:
                        self.still.wait(30)
                        time.sleep(10 if self.still.is_set() else 0)
                        return
                    if not self.still.is_set():
                        (broker if source is client else client).sendall(data)


def test_a_connection_that_is_half_open_is_left(register, broker, runtime, umqtt):
    device = register("thingsboard", runtime)
    relay = Relay(broker.port)
    device.config["timeout"] = 1
    device.at(relay.port, keepalive=2)
    text = """
import time
client = connected()
print("ready")
try:
    while True:
        client.check_msg()
        time.sleep(0.05)
except OSError as error:
    print("gone", error.errno)
"""
    with device.running(umqtt, text) as program:
        broker.wait_for("Received PINGREQ", 2)
        relay.still.set()
        before = time.monotonic()
        out = program.communicate(timeout=20)[0]
    assert out.splitlines()[-1] == "gone 103", out
    assert time.monotonic() - before < 10


def test_a_day_of_renewals(register, broker, runtime):
    """The clock of the program goes a minute at a time; Azure's password is good for an hour."""
    device = register("azure", runtime)
    device.at(broker.port, host="127.0.0.1")
    text = """
import enroll.mqtt_client as module
real = module.now
late = 0
module.now = lambda: real() + late
client = connected()
client.subscribe(b"devices/+/messages/devicebound/#")
for minute in range(1440):
    late = minute * 60
    client.publish("devices/x/messages/events/", b"%d" % minute, qos=1)
    client.check_msg()
print("done")
"""
    assert device.run("simple", text) == ["done"]
    assert broker.heard.count("Received PUBLISH") == 1440
    assert broker.heard.count("Sending CONNACK to sensor") in range(26, 29), broker.heard
    assert broker.heard.count("Received SUBSCRIBE") in range(26, 29)
