"""A device that has registered, with the client of MQTT and a broker on a virtual clock."""

import enroll.connection as connection
import enroll.mqtt_stream as mqtt_stream
from enroll import mqtt
from fake_broker import Broker
from fake_session import Registered
from helpers import patched, raises
from install import installed

FIRST = {"id": "device-1", "access_key": "token-canary", "hub_url": "http://hub"}
AGAIN = dict(FIRST, id="device-2", access_key="second-canary", mqtt_hub_url="mqtts://broker.example")
_LONGEST = 600000  # ms of the virtual clock


class Client:
    """Context: a device that has registered, `broker`, and in it `connect()`, which returns its client."""

    def __init__(self, provider="xyte", reply=None, answer=None, **top):
        reply = reply or dict(FIRST, mqtt_hub_url="mqtts://broker.example")
        self.device = Registered(provider, answer, reply=reply, **top)
        self.device.it.ca = "ca.der"
        self.clock = self.device.clock
        self.broker = Broker(self.clock)
        self.got = []
        self.changes = [
            installed(self.device.net, self.clock),
            patched(connection, connect=self.broker.connect),
            patched(
                mqtt_stream, **{name: getattr(self.clock, name) for name in ("ticks_ms", "ticks_add", "ticks_diff")}
            ),
        ]

    def __enter__(self):
        for change in self.changes:
            change.__enter__()
        return self

    def __exit__(self, *_):
        for change in self.changes[::-1]:
            change.__exit__()

    def take(self, topic, message):
        self.got.append((topic, message))

    def connect(self, **more):
        return mqtt.connect(self.device.it, self.device.port, self.take, log=self.device.log, **more)

    def seconds(self, function, *arguments):
        """The number of the OSError that a call raises, and how many seconds that takes. It fails after _LONGEST."""
        before = self.clock.now
        ended = []

        def end():
            assert ended, "it waits for ever"

        self.clock.at(before + _LONGEST, end)
        try:
            error = raises(OSError, function, *arguments)
        finally:
            ended.append(True)
        return error.args[0], (self.clock.now - before) // 1000
