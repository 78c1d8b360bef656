"""The end of `make demo`: a device out of the box is given its Wi-Fi, registers, and publishes to a broker."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import improv
import mqtt_clients
import trustme
from devices import Device, configuration, create
from enroll_tools.sandbox import Sandbox
from enroll_tools.sandbox.services.cumulocity import TENANT
from mosquitto import Mosquitto
from runtimes import micropython

SERVICE = "cumulocity"  # it gives a device a name and a password for MQTT
AIR = {"Home": "a long password", "Guests": ""}
TOPIC, MESSAGE = "s/us", "211,21.5"  # a temperature, https://cumulocity.com/docs/smartrest/mqtt-static-templates/
PUBLISH = f"""
import sys, enroll, enroll.mqtt, port
config = enroll.Config.load(sys.argv[1])
enroll.mqtt.connect(config, port).publish(b"{TOPIC}", b"{MESSAGE}")
"""


class Boxed:
    """A device of SERVICE at `sandbox`, in `folder`, without a network. `say(line)` shows what happens."""

    def __init__(self, folder: Path, sandbox: Sandbox, runtime: str, say: Callable[[str], None]) -> None:
        self.sandbox = sandbox
        self.say = say
        self.device = Device(folder / "boxed", runtime)
        self.authority = trustme.CA()
        certificate = self.authority.issue_cert("127.0.0.1")
        chain = certificate.private_key_and_cert_chain_pem.bytes()
        self.device.folder.mkdir(parents=True, exist_ok=True)
        self.broker = Mosquitto(folder / "broker", chain, self.authority.cert_pem.bytes())

    def run(self) -> bool:
        """Show it all; returns whether it went as it should."""
        config = configuration(self.sandbox, SERVICE, create(self.sandbox, SERVICE, "2"))
        self.device.write(config)
        if not self._given_wifi():
            return False
        self.broker.user(*self._password(), f"write {TOPIC}")
        self.broker.start()
        try:
            (self.device.folder / "broker.pem").write_bytes(self.authority.cert_pem.bytes())
            self.device.write({**config, "mqtt": {"port": self.broker.port, "ca": "broker.pem"}})
            return self._published()
        finally:
            self.broker.stop()

    def _given_wifi(self) -> bool:
        """Give the device its network over the serial port, as a page in a browser does; whether it registered then."""
        with improv.Wireless(self.device, AIR) as it:
            firmware, version, chip, name = it.client.ask(improv.ABOUT)
            self.say(f"a page asks over the serial port: {name.strip()}, {firmware} {version} on {chip}, no network")
            ssid, password = next(iter(AIR.items()))
            self.say(f"a person chooses {ssid} there, and types its password")
            it.client.send(improv.settings(ssid, password))
            address, text = improv.texts(it.client.until(improv.RESULT))
            it.ends()
            for line in it.log().splitlines():
                self.say(line)
            self.say(f"the page has shown: {text}, at {address}")
        return it.process.returncode == 0

    def _password(self) -> tuple[str, str]:
        """The name and the password that the cloud has given the device."""
        row = self.sandbox.cumulocity.devices(reveal=True)[-1]
        return f"{TENANT}/{row['username']}", row["password"]

    def _published(self) -> bool:
        """Let the device publish, over TLS that it has verified; whether the broker's other client got it."""
        library = f"{mqtt_clients.TARGET / 'simple'}:{self.device.environment['MICROPYPATH']}"
        command = [str(micropython(self.device.runtime)), "-c", PUBLISH, str(self.device.path)]
        self.say("its application connects to the broker, over TLS with that password, and publishes a temperature")
        with self.broker.watched("#") as seen:
            done = subprocess.run(
                command,
                env={**self.device.environment, "MICROPYPATH": library},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        for line in (done.stdout + done.stderr).splitlines():
            self.say(line)
        for line in seen:
            self.say(f"another client of the broker gets: {line}")
        return seen == [f"{TOPIC} {MESSAGE}"]
