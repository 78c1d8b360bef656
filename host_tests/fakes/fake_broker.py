"""An MQTT 3.1.1 broker at the other end of a verified connection, on a virtual clock."""


class Broker:
    """`connect` stands for connection.connect. `codes`: of the next CONNACKs, then 0. `trouble`: an exception that the
    next handshake raises. `silent`: it takes everything and says nothing. `known`: 1 if it still has the session.
    `retained`: {topic: message} for whoever subscribes; `refused`: a topic that nobody may subscribe to.
    `deaf`: it acknowledges nothing. `answers`: what it says to each CONNECT instead of CONNACK.
    """

    def __init__(self, clock):
        self.clock = clock
        self.codes = []
        self.trouble = None
        self.silent = False
        self.known = 0
        self.retained = {}
        self.refused = None
        self.answers = b""
        self.deaf = False
        self.lines = []
        self.logins = []  # (user, password) of each CONNECT
        self.published = []
        self.pings = 0

    @property
    def line(self):
        """The newest connection."""
        return self.lines[-1]

    def connect(self, host, port, timeout):
        yield 0
        self.lines.append(Line(self, host, port))
        return self.line


def _texts(body):
    """The texts in `body`, each after its length."""
    found = []
    while body:
        end = 2 + int.from_bytes(body[:2], "big")
        found.append(bytes(body[2:end]))
        body = body[end:]
    return found


def _message(topic, message):
    """The packet; none if `message` is None."""
    if message is None:
        return b""
    body = bytes([0, len(topic)]) + topic + message
    return bytes([0x30, len(body)]) + body


class Line:
    """What connection.Connection is to the client."""

    end = 0
    rest = b""
    ended = False  # whether the broker has closed it

    def __init__(self, broker, host, port):
        self.broker = broker
        self.where = host, port
        self.ca = None
        self.sent = b""
        self.ready = b""  # for the client to read
        self.topics = []
        self.open = True

    def secure(self, host, ca):
        yield 0
        trouble, self.broker.trouble = self.broker.trouble, None
        if trouble:
            raise trouble
        assert host == self.where[0]
        self.ca = ca

    def close(self):
        assert self.open, "closed twice"
        self.open = False

    def wait(self, flags):
        assert self.broker.clock.ticks_diff(self.end, self.broker.clock.ticks_ms()) > 0, "the deadline was before"
        self.broker.clock.sleep(0.25)
        yield 0

    def peek(self):
        assert self.open
        yield 0
        if self.ended:
            return b""
        if not self.rest:
            self.rest, self.ready = self.ready[:3], self.ready[3:]  # in pieces
        return self.rest or None

    def write(self, data):
        assert self.open and self.ca, "nothing leaves before the broker is verified"
        yield 0
        data = bytes(data[:7])  # in pieces
        self.sent += data
        while self._packet():
            pass
        return len(data)

    def _packet(self):
        """Take one packet, if there is a whole one."""
        sent = self.sent
        at = 2 if sent[1:2] < b"\x80" else 3
        if len(sent) < at:
            return False
        size = sent[1] if at == 2 else (sent[1] & 127) + sent[2] * 128
        if len(sent) < at + size:
            return False
        self.sent = sent[at + size :]
        answer = self._answer(sent[0], sent[at : at + size])
        if not self.broker.silent and not (self.broker.deaf and answer[:1] in (b"\x40", b"\x90")):
            self.ready += answer
        return True

    def _answer(self, kind, body):
        broker = self.broker
        if kind == 0x10:
            broker.logins.append(tuple(_texts(body[10:])[-2:]))
            if broker.answers:
                return broker.answers
            return bytes([0x20, 2, broker.known, broker.codes.pop(0) if broker.codes else 0])
        if kind == 0x82:
            topic = bytes(body[4:-1])
            if topic == self.broker.refused:
                return b"\x90\3" + body[:2] + b"\x80"
            self.topics.append((topic, body[-1]))
            return b"\x90\3" + body[:2] + body[-1:] + _message(topic, self.broker.retained.get(topic))
        if kind == 0xC0:
            broker.pings += 1
            return b"\xd0\0"
        if kind & 0xF0 == 0x30:
            end = 2 + body[1]
            broker.published.append((bytes(body[2:end]), bytes(body[end + (kind & 2) :])))
            return b"\x40\2" + body[end : end + 2] if kind & 2 else b""
        return b""

    def push(self, topic, message):
        """Send the client a message."""
        self.ready += _message(topic, message)
