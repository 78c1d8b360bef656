"""A client of umqtt.simple for a registered device: verified TLS, a deadline for each wait, a password that is valid.

umqtt makes its own socket, and its older versions do not verify TLS. Here it gets a stream that is verified already, by
way of the name `socket` in its module.
"""

from . import tasks
from .calendar import now
from .errors import EnrollError
from .mqtt_stream import Stream, acknowledged, encoded, opened, raw
from .session import Session

try:
    from umqtt import simple as umqtt
except ImportError:
    from umqtt import simple2 as umqtt

    from .mqtt_simple2 import Polled as Stream

if False:  # for type hints only
    from typing import Any

    from .config import Config


class Client(umqtt.MQTTClient):
    """umqtt's MQTTClient, which connects, also again, to a broker that it has verified.

    While an application calls `check_msg` or `wait_msg`, it sends PINGREQ by itself, and raises OSError once the broker
    is silent. After nine tenths of its password's life it connects with a new one. `session`: its Session, also for
    requests to the service.
    """

    sock: "Any"
    content = b""  # with `status_code` the client is the answer to its connection, as renew.py wants one

    def __init__(self, config: "Config", port, callback=None, will=None, log=tasks.ignore) -> None:
        """`callback(topic, message)`: called for each message. `will`: arguments for `set_last_will`. `log`: as for
        Session.
        """
        self.session = Session(config, port, None, log)
        super().__init__(b"", "")
        if callback:
            self.set_callback(lambda *message: callback(*message[:2]))  # simple2 gives four
        if will:
            self.set_last_will(*will)
        self._topics: dict = {}  # the subscriptions, with their qos
        self._later: dict = {}  # those of them to send
        self._due = 0  # Unix seconds when to connect again; 0: never
        self.busy = 0  # how many acknowledgements are waited for: a callback may publish meanwhile

    def connect(self, clean_session: bool = True, timeout=None):
        """Connect, also again after an OSError, and subscribe to the topics of before. Returns whether the broker still
        had the session. `timeout` is ignored: that in enroll.json counts.

        If the broker refuses the password twice, five seconds apart, the device registers again, as a Session does. If
        it has another device id then, the topics are forgotten: they were for the old one. Raises OSError and
        EnrollError.
        """
        session = self.session
        device_id = session.credential.device_id
        self._clean = clean_session
        tasks.run(self._connect(), session.port.feed, session.port.sleep, session)
        if session.credential.device_id != device_id:
            self._topics.clear()
            self._later.clear()
        if not self._known:
            self._later = self._topics.copy()
        self._subscribe()
        return self._known

    def _connect(self):
        yield from self._attempt()
        if self.status_code == 401:
            from .renew import after_401

            yield from after_401(self.session, self._attempt, self, True)
            if self.status_code == 401:
                raise EnrollError("refused", "the broker does not accept the password")
        self.session.refused = None

    def _attempt(self):
        """Task: connect once and return self, with `status_code`: 401 if the broker refused the password."""
        session = self.session
        self.status_code = 0
        self._close()
        before = umqtt.socket
        try:
            yield from session.ready()
            access = session.credential.mqtt(now())
            self.client_id = raw(access["client_id"])
            self.user = raw(access["user"].reveal())
            self.pswd = raw(access["password"].reveal())
            self.keepalive = access["keepalive"]
            line = yield from opened(access, session.config.timeout)
            umqtt.socket = Stream(line, session, self.keepalive)
            self._known = super().connect(self._clean)
            self.status_code = 200
            expires = access["expires"]
            self._due = expires and now() + (expires - now()) * 9 // 10
        except (umqtt.MQTTException, AssertionError) as error:
            from .mqtt_refused import refused

            self.status_code = refused(self, error, access)
        except (OSError, EnrollError) as error:
            session.failed(error)
            raise
        finally:
            umqtt.socket = before
            if self.status_code != 200:
                self._close()
        return self

    def _close(self) -> None:
        if self.sock:
            self.sock.close()  # and stays: what is called next gets an OSError

    def _renew(self) -> None:
        """Connect again if the password is about to expire, unless an acknowledgement would be lost with that."""
        if self._due and not self.busy and now() >= self._due:
            try:
                self.disconnect()
            except OSError:
                pass
            self.connect(self._clean)
        self._subscribe()

    def _subscribe(self):
        """Send the subscriptions, unless an acknowledgement is waited for: umqtt would mix them up."""
        answer = None
        while self._later and not self.busy:
            topic, qos = self._later.popitem()
            try:
                answer = acknowledged(self, super().subscribe, topic, qos)
            except umqtt.MQTTException:
                self._topics.pop(topic, None)  # or no later connection would succeed
                raise
            except OSError:
                self._later[topic] = qos  # the next connection may be to the same session, without this topic
                raise
        return answer

    def set_last_will(self, *arguments, **more) -> None:
        """The same as umqtt's."""
        encoded(super().set_last_will, *arguments, **more)

    def publish(self, *arguments, **more):
        """The same as umqtt's."""
        self._renew()
        return acknowledged(self, super().publish, *arguments, **more)

    def subscribe(self, topic, qos: int = 0):
        """The same as umqtt's. The topic counts for later connections, too. In a callback while an acknowledgement is
        waited for, it is sent after that.
        """
        topic = raw(topic)
        self._topics[topic] = self._later[topic] = qos
        return self._subscribe()

    def check_msg(self):
        """The same as umqtt's."""
        self._renew()
        return super().check_msg()

    def wait_msg(self):
        """The same as umqtt's. Returns None, too, when the broker gave a sign of life."""
        self._renew()
        return super().wait_msg()
