"""A device out of the box is given its Wi-Fi over its serial port, and goes on to register."""

import improv
import pytest
from enroll_tools.provision import plan
from improv import Wireless

SECRET = "password-canary"
AIR = {"home": SECRET, "café ☕": ""}


@pytest.fixture
def boxed(make, runtime):
    """A device without a network, on its pty."""
    with Wireless(make("etherfax", runtime), AIR) as it:
        yield it


def test_a_device_without_a_network_is_given_one_and_registers(sandbox, boxed):
    client = boxed.client
    firmware, version, _, name = client.ask(improv.ABOUT)
    assert (firmware, version) == ("enroll", plan.version()) and name.startswith("etherfax ")
    client.send(improv.command(improv.CURRENT))
    assert client.until(improv.STATE) == bytes([improv.READY])
    client.send(improv.settings("home", SECRET))
    assert client.until(improv.STATE) == bytes([improv.JOINING])
    url, text = improv.texts(client.until(improv.RESULT))
    assert url == sandbox.url("etherfax") and text.startswith("registered etherfax ")
    assert boxed.ends() == 0 and SECRET not in boxed.log()
    with Wireless(boxed.device, {}) as again:
        assert again.ends() == 0, "the second boot needs no network"
