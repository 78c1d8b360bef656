"""The application for MQTT among the examples, at a broker on a virtual clock."""

import sys
import time

import devices
import pytest
from fake_client import AGAIN, Client


@pytest.fixture
def made(monkeypatch):
    """(Client, App): a device that registers again as another one, and the application."""
    monkeypatch.syspath_prepend(devices.ROOT / "firmware" / "examples")
    with Client(answer=lambda request: (201, AGAIN)) as it:
        for name in ("ticks_ms", "ticks_add", "ticks_diff"):
            monkeypatch.setattr(time, name, getattr(it.clock, name), raising=False)
        monkeypatch.delitem(sys.modules, "mqtt_app", raising=False)
        import mqtt_app

        monkeypatch.setattr(mqtt_app, "measure", lambda: b"measured")
        yield it, mqtt_app.App(it.device.session)


def served(it, number):
    """Whether the broker has the subscriptions of the device `number`, and got its message."""
    where = f"v1/device/device-{number}/"
    topics = {str(topic, "utf-8") for topic, _ in it.broker.line.topics}
    message = f"{where}telemetry".encode(), b"measured"
    return topics == {where + "command", where + "config"} and it.broker.published.pop() == message


def test_it_uses_the_topics_of_the_id_that_the_device_has_now(made):
    it, app = made
    assert app.round() == 0 and served(it, 1)
    for codes, number in (([], 1), ([5, 5], 2)):
        it.broker.silent = True
        assert app.round() > 0
        it.broker.silent = False
        it.broker.codes = codes
        assert app.round() == 0 and served(it, number)


def test_a_subscription_that_fails_is_made_up_for(made, monkeypatch):
    it, app = made

    def cut(_client, topic):
        raise OSError(104, "the broker is gone")

    with monkeypatch.context() as change:
        change.setattr("enroll.mqtt_client.Client.subscribe", cut)
        assert app.round() > 0
    assert app.round() == 0 and served(it, 1)
