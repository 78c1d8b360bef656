"""An application for MQTT with umqtt.simple; copy it to app.py. It publishes, takes messages, and goes on after the
broker was away or its password was renewed.
"""

import gc
import json
import os
from time import ticks_add, ticks_diff, ticks_ms

from enroll import backoff, mqtt, tasks
from enroll.calendar import now

if False:  # for type hints only
    from typing import Any

PERIOD = 60  # seconds between two messages


def measure() -> bytes:
    """The message to publish. Put your product's own here; Cumulocity wants SmartREST, such as b"211,21.5"."""
    return json.dumps({"free_heap": gc.mem_free()}).encode()


def take(topic: bytes, message: bytes) -> None:
    """Handle a message from the cloud. Put your product's own here."""
    print("app: %d bytes to %s" % (len(message), topic.decode()))


class App:
    """Publishes every PERIOD seconds, and takes messages meanwhile."""

    def __init__(self, session) -> None:
        self.session = session
        self.client: Any = None
        self.up = False
        self.device_id = ""  # whose topics are subscribed to
        self.failures = 0

    def connect(self) -> None:
        """Connect, the first time or again. The client subscribes again by itself."""
        session = self.session
        session.close()  # frees the heap of a connection for HTTPS
        if self.client:
            self.client.connect()
        else:
            self.client = mqtt.connect(session.config, session.port, take, log=session.log)
        self.up = True

    def subscribe(self) -> None:
        """Subscribe the first time, and when the device has registered again and has another id."""
        credential = self.client.session.credential
        if credential.device_id != self.device_id:
            access = credential.mqtt(now())
            self.topic = access["publish"][0]
            for topic in access["subscribe"]:
                self.client.subscribe(topic)
            self.device_id = credential.device_id

    def once(self) -> None:
        """Publish one message, and take those that come until the next is due."""
        if not self.up:
            self.connect()
        self.subscribe()
        self.client.publish(self.topic, measure(), qos=1)
        self.failures = 0
        end = ticks_add(ticks_ms(), PERIOD * 1000)
        while ticks_diff(end, ticks_ms()) > 0:
            self.client.check_msg()
            self.session.run(tasks.pause(0.25))  # feeds the watchdog

    def round(self) -> float:
        """The same, whatever happens. Returns the seconds to wait before the next."""
        try:
            self.once()
            return 0
        except Exception as error:  # OSError, EnrollError, and umqtt's own
            print("app: %s %s" % (type(error).__name__, error))
            self.up = False
            self.failures += 1
            config = self.session.config
            chance = int.from_bytes(os.urandom(2), "big") / 65536
            return backoff.delay(self.failures, config.first, config.cap, chance, False, None)


def main(session, rounds: int = -1) -> None:
    """Publish without end, or `rounds` times."""
    app = App(session)
    while rounds:
        rounds -= 1
        session.run(tasks.pause(app.round()))
