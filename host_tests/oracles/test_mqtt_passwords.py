"""MQTT: passwords that change, checked by a genuine mosquitto; and the login of ThingsBoard's own client."""

from __future__ import annotations

from collections.abc import Iterator

import certificates
import mosquitto
import mqtt_device
import pytest
from enroll_tools.sandbox import Sandbox

pytestmark = pytest.mark.skipif(not mosquitto.there(), reason="mosquitto is not there: install it with its clients")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(reveal_secrets=True) as sandbox:
        yield sandbox


LATER = 3300  # seconds; Azure's password is good for an hour
# Azure's hubs have no port in their name, as the sandbox has, and mosquitto knows no user with a colon.
HUB = """
import enroll.providers.azure.mqtt as azure
real = azure.mqtt
def mqtt(credential, now, own):
    credential.extra["hub"] = "hub.example"
    return real(credential, now, own)
azure.mqtt = mqtt
"""
ACCESS = (
    HUB
    + """
for now in 1795000000, 1795000000 + LATER:
    access = enroll.stored(config, port).mqtt(now)
    print(access["user"].reveal(), access["password"].reveal(), end=" ")
"""
)
RENEWED = (
    HUB
    + """
import os, time
import enroll.mqtt_client as module
late = 0
module.now = lambda: 1795000000 + late
client = connected()
client.publish("devices/x/messages/events/", b"one", qos=1)
while "changed" not in os.listdir(sys.argv[1].rpartition("/")[0]):
    time.sleep(0.05)
late = LATER
client.publish("devices/x/messages/events/", b"two", qos=1)
print("done")
"""
)


def test_a_renewal_connects_with_the_new_password_when_the_old_one_is_refused(
    sandbox, broker, tmp_path, runtime, umqtt
):
    """The broker knows one password at a time: Azure's, which is signed with the time."""
    device = mqtt_device.Registered(tmp_path / "azure", sandbox, broker, "azure", runtime)
    device.at(1, host="127.0.0.1")
    user, *words = device.run(umqtt, ACCESS.replace("LATER", str(LATER)))
    first, second = " ".join(words[:2]), " ".join(words[-2:])
    broker.user(user, first, "readwrite devices/#")
    broker.start()
    device.at(broker.port)
    assert broker.accepts(user, first) and not broker.accepts(user, second)
    with broker.watched("#", 2) as seen, device.running(umqtt, RENEWED.replace("LATER", str(LATER))) as program:
        broker.wait_for("Received PUBLISH")
        broker.change(user, second)
        assert not broker.accepts(user, first)
        (device.device.folder / "changed").touch()
        out = program.communicate(timeout=25)[0]
    assert out.splitlines()[-1] == "done", out
    assert [text.split()[1] for text in seen] == ["one", "two"]


AWAY = """
import os, time
import enroll.mqtt_client as module
def wait(name):
    while name not in os.listdir(sys.argv[1].rpartition("/")[0]):
        time.sleep(0.05)
late = 0
module.now = lambda: 1795000000 + late
client = connected()
wait("away")
late = 3300
for _ in range(2):
    try:
        client.publish("devices/x/messages/events/", b"one", qos=1)
    except (OSError, enroll.EnrollError) as error:
        print("failed", error)
wait("back")
client.publish("devices/x/messages/events/", b"two", qos=1)
print("done")
"""


def test_a_renewal_that_failed_is_made_by_the_next_call(register, broker, runtime, umqtt):
    device = register("azure", runtime)
    device.at(broker.port, host="127.0.0.1")
    with device.running(umqtt, AWAY) as program:
        broker.wait_for("Sending CONNACK")
        broker.stop()
        (device.device.folder / "away").touch()
        assert program.stdout
        failed = []
        while len(failed) < 2:
            line = program.stdout.readline()
            assert line, failed
            failed += [line] * line.startswith("failed")
        broker.start(passwords=False)
        (device.device.folder / "back").touch()
        out = program.communicate(timeout=25)[0]
    assert out.splitlines()[-1] == "done", (failed, out)


def login(packet: bytes) -> tuple[int, list[bytes]]:
    """The flags of a CONNECT, and the texts of its payload. One of MQTT 5 may have no properties."""
    assert packet[:1] == b"\x10" and packet[1] < 128, packet
    payload = {4: 12, 5: 13}[packet[8]]
    assert payload == 12 or packet[12] == 0, packet
    rest, found = packet[payload : 2 + packet[1]], []
    while rest:
        end = 2 + int.from_bytes(rest[:2], "big")
        found.append(rest[2:end])
        rest = rest[end:]
    return packet[9], found


def test_the_login_of_thingsboards_own_client(register, broker, rogue, authority, ask_python, runtime):
    """Its token is the user, as ours is. It sends no password, where umqtt sends an empty one; and it speaks MQTT 5."""
    device = register("thingsboard", runtime)
    token = device.access["user"]
    server = rogue(certificates.make("broker", issuer=authority))
    ask_python("thingsboard_mqtt.py", port=server.port, ca=str(broker.folder / "ca.pem"), token=token)
    flags, texts = login(server.packet())
    assert flags & 0xC0 == 0x80 and texts[1:] == [token.encode()]
    server = rogue(certificates.make("broker", issuer=authority))
    device.at(server.port)
    with device.running("simple", "connected()"):
        flags, texts = login(server.packet())
    assert flags & 0xC0 == 0xC0 and texts[1:] == [token.encode(), b""]
