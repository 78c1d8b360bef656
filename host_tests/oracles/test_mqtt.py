"""MQTT: genuine umqtt.simple and simple2 on each MicroPython, over TLS, with a genuine mosquitto."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import certificates
import devices
import mosquitto
import mqtt_device
import pytest
from enroll_tools.sandbox import Sandbox

EXAMPLES = devices.ROOT / "firmware" / "examples"
pytestmark = pytest.mark.skipif(not mosquitto.there(), reason="mosquitto is not there: install it with its clients")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(reveal_secrets=True) as sandbox:
        yield sandbox


@pytest.mark.parametrize(("name", "topic"), [("thingsboard", "v1/devices/me/telemetry"), ("cumulocity", "s/us")])
def test_a_registered_device_publishes_over_verified_tls(register, broker, name, topic, runtime, umqtt):
    device = register(name, runtime)
    text = f"connected().publish({topic!r}, b'21.5')"
    with broker.watched("#") as seen:
        device.run(umqtt, text + "\nprint('done')")
    assert seen == [f"{topic} 21.5"]


def test_a_wrong_certificate_never_sees_the_password(register, rogue, authority, runtime, umqtt):
    other = certificates.make("another CA", ca=True)
    wrong = {
        "is not signed by the CA": certificates.make("broker", issuer=other),
        "is for another host": certificates.make("broker", issuer=authority, names=("other.example",)),
        "has expired": certificates.make("broker", issuer=authority, days=(-30, -2)),
    }
    device = register("cumulocity", runtime)
    for words, chain in wrong.items():
        server = rogue(chain)
        device.at(server.port)
        text = "try:\n    connected()\nexcept enroll.EnrollError as error:\n    print(error.kind, error)"
        said = " ".join(device.run(umqtt, text))
        assert said.startswith("certificate ") and words in said
        assert server.told() == b"", "it has been told something"
    server = rogue(certificates.make("broker", issuer=authority))
    device.at(server.port)
    with device.running(umqtt, "connected()"):
        assert b"device_" in server.packet(), "a good certificate is told it, so that the above shows something"


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


NESTED = """
import time
client = connected()
def take(topic, message):
    if not got:
        client.subscribe(b"v1/devices/me/second")
    got.append(message)
client.set_callback(lambda *message: take(*message[:2]))
client.subscribe(b"v1/devices/me/attributes")
client.subscribe(b"v1/devices/me/third")
while len(got) < 2:
    client.check_msg()
    time.sleep(0.05)
print(*[message.decode() for message in got])
"""


def test_a_callback_subscribes_while_a_subscription_is_acknowledged(register, broker, runtime, umqtt):
    device = register("thingsboard", runtime)
    broker.publish("v1/devices/me/attributes", "one", "--retain")
    broker.publish("v1/devices/me/second", "two", "--retain")
    assert device.run(umqtt, NESTED) == ["one", "two"]


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


def test_a_connection_that_is_half_open_is_left(register, broker, runtime, umqtt):
    device = register("thingsboard", runtime)
    relay = mqtt_device.Relay(broker.port)
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


AS_MQTT_AS = """
import select
import socket
import ssl
import time
found = enroll.mqtt.config(config, port)
sock = socket.socket()
sock.setblocking(False)
try:
    sock.connect(socket.getaddrinfo(found["server"], found["port"])[0][-1])
except OSError:
    pass
poll = select.poll()
poll.register(sock, select.POLLOUT)
poll.poll(2000)
stream = ssl.wrap_socket(sock, **found["ssl_params"])
said = "neither"
for _ in range(100):
    try:
        if stream.write(found["user"]):
            said = "told"
            break
    except (OSError, ValueError) as error:
        said = "refused"
        break
    time.sleep(0.05)
print(said)
"""


def test_what_mqtt_as_is_given_verifies_the_broker(register, rogue, authority):
    """It does with its socket what mqtt_as does, which no registry has. Only newest has the module `ssl`."""
    device = register("cumulocity", "newest")
    for chain in (
        certificates.make("broker", issuer=certificates.make("another CA", ca=True)),
        certificates.make("broker", issuer=authority, names=("other.example",)),
        certificates.make("broker", issuer=authority, days=(-30, -2)),
    ):
        server = rogue(chain)
        device.at(server.port)
        assert device.run("simple", AS_MQTT_AS) == ["refused"]
        assert server.told() == b""
    server = rogue(certificates.make("broker", issuer=authority))
    device.at(server.port)
    assert device.run("simple", AS_MQTT_AS) == ["told"]
    assert b"device_" in server.told()


APP = f"""
sys.path.append({str(EXAMPLES)!r})
import mqtt_app
mqtt_app.PERIOD = 1
mqtt_app.main(enroll.Session(config, port, log=log), 5)
print("end")
"""


def test_the_example_goes_on_after_the_broker_has_restarted(register, broker, runtime):
    device = register("thingsboard", runtime)
    device.config["retry"] = {"first": 1, "cap": 1}
    device.at(broker.port)
    with device.running("simple", APP) as program:
        broker.wait_for("Received PUBLISH")
        broker.publish("v1/devices/me/attributes", "hello")
        broker.wait_for("Sending PUBLISH to sensor")  # it may come after the acknowledgement of our own
        broker.stop()
        broker.start(passwords=False)
        broker.wait_for("Received PUBLISH", 3)
        out = program.communicate(timeout=25)[0].splitlines()
    assert out[-1] == "end" and "app: 5 bytes to v1/devices/me/attributes" in out, out
    assert "app: OSError" in "\n".join(out)


def test_the_program_of_the_page(register, broker, runtime):
    """It takes messages without end."""
    page = (devices.ROOT / "docs" / "mqtt.md").read_text()
    [listing] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    device = register("thingsboard", runtime)
    there = "import os\nos.chdir(sys.argv[1].rpartition('/')[0])\n"
    with broker.watched("#") as seen, device.running("simple", there + listing) as program:
        broker.wait_for("Received PUBLISH")
        broker.publish("v1/devices/me/rpc/request/1", "hello")
        assert program.stdout
        assert any("b'v1/devices/me/rpc/request/1' b'hello'" in line for line in program.stdout)
    assert seen == ['v1/devices/me/telemetry {"temperature": 21.5}']
