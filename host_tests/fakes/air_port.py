"""A board in reach of Wi-Fi networks, and the serial port at its side, with what a client of Improv sends and gets."""

from enroll.errors import EnrollError
from fake_device import Port

HEAD = b"IMPROV\x01"
STATE, ERROR, COMMAND, RESULT = 1, 2, 3, 4


def frame(kind, data):
    raw = HEAD + bytes((kind, len(data))) + data
    return raw + bytes((sum(raw) & 255, 10))


def command(number, data=b""):
    return frame(COMMAND, bytes((number, len(data))) + data)


def settings(ssid, password):
    """The command that gives a network, of texts or bytes."""
    data = b""
    for text in (ssid, password):
        text = text if isinstance(text, bytes) else text.encode()
        data += bytes((len(text),)) + text
    return command(1, data)


class Console:
    """The serial port. `script`: what the client sends, one after another, each at a look of its own; a person presses
    Ctrl-C `idle` looks after the last one. `said`: the frames that the client gets, (type, data).
    """

    def __init__(self):
        self.script = []
        self.idle = 60
        self.came = b""
        self.said = []
        self.closed = 0

    def read(self, wait=0):
        if not wait and not self.came:
            self.idle -= not self.script
            self.came = self.script.pop(0) if self.script else b"" if self.idle else b"\r\x03\r\x01"
        byte, self.came = self.came[:1], self.came[1:]
        return byte

    def write(self, data):
        assert data[:8] == b"\n" + HEAD and data[-1:] == b"\n" and data[-2] == sum(data[1:-2]) & 255, data
        assert data[9] == len(data) - 12, data
        self.said.append((data[8], data[10:-2]))

    def close(self):
        self.closed += 1

    def take(self):
        """What was said since the last call, without "no error"; `errors` has each error, and that there is none."""
        said, self.said = self.said, []
        self.errors = [it[1][0] for it in said if it[0] == ERROR]
        return [it for it in said if it != (ERROR, b"\0")]


def texts(data):
    """The texts of a result."""
    found = []
    rest = data[2:]
    assert data[1] == len(rest)
    while rest:
        found.append(str(rest[1 : 1 + rest[0]], "utf-8"))
        rest = rest[1 + rest[0] :]
    return found


class AirPort(Port):
    """A board in reach of `air`, {name: password}; `asked`: the names that it was told to join, for each call.

    `kind`: of the error where it can join none.
    """

    def __init__(self, air, kind="network"):
        super().__init__()
        self.air = air
        self.kind = kind
        self.asked = []
        self.line = Console()
        self.joined = None
        self.trouble = []  # what a scan raises

    def connect(self, networks):
        self.asked.append([net["ssid"] for net in networks])
        if not self.joined:
            if not networks:
                raise EnrollError("configuration", "no Wi-Fi in enroll.json", "name it in `network`")
            yield 0.25
            for net in networks:
                password = net["password"]
                if self.air.get(net["ssid"], 0) == (password.reveal() if password else ""):
                    self.joined = net["ssid"]
                    break
            else:
                raise EnrollError(self.kind, ", ".join(["`%s` not joined" % net["ssid"] for net in networks]))
        yield from super().connect(networks)

    def drop(self):
        self.joined = None

    def scan(self):
        if self.trouble:
            raise self.trouble.pop(0)
        return [(name, -40 - at, bool(self.air[name])) for at, name in enumerate(sorted(self.air))]

    def console(self):
        return self.line

    def hostname(self):
        return "kitchen"
