"""make demo, to its end: genuine umqtt.simple publishes to a genuine mosquitto."""

import subprocess
import sys

import devices
import mosquitto
import pytest


@pytest.mark.skipif(not mosquitto.there(), reason="mosquitto is not there: install it with its clients")
def test_the_demonstration_ends_with_a_message_at_the_broker() -> None:
    command = [sys.executable, str(devices.ROOT / "tools" / "demo.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "another client of the broker gets: s/us 211,21.5" in done.stdout
    assert "a long password" not in done.stdout
