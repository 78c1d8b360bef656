"""Stands for umqtt.simple, of which it has what the tests use; `make test-oracles` takes the genuine one."""

import socket
from struct import pack


class MQTTException(Exception):
    pass


def _text(value):
    raw = value.encode() if isinstance(value, str) else value
    return pack("!H", len(value)) + raw  # as the genuine one, which counts characters


class MQTTClient:
    def __init__(self, client_id, server, port=0, user=None, password=None, keepalive=0):
        self.client_id = client_id
        self.user = user
        self.pswd = password
        self.keepalive = keepalive
        self.sock = self.cb = None
        self.last_will = ()
        self.pid = 0

    def set_callback(self, function):
        self.cb = function

    def set_last_will(self, *last_will):
        self.last_will = last_will

    def _send(self, kind, body):
        assert len(body) < 128 * 128
        size = bytes([len(body)]) if len(body) < 128 else bytes([len(body) & 127 | 128, len(body) >> 7])
        self.sock.write(bytes([kind]) + size)
        self.sock.write(body, len(body))

    def connect(self, clean_session=True):
        self.sock = socket.socket()
        self.sock.connect(socket.getaddrinfo("", 0)[0][-1])
        flags = (0xC0 if self.user else 0) | clean_session << 1 | (4 if self.last_will else 0)
        body = _text("MQTT") + bytes([4, flags]) + pack("!H", self.keepalive) + _text(self.client_id)
        for it in self.last_will + ((self.user, self.pswd) if self.user else ()):
            body += _text(it)
        self._send(0x10, body)
        answer = self.sock.read(4)
        assert answer[:2] == b"\x20\x02"
        if answer[3]:
            raise MQTTException(answer[3])
        return answer[2] & 1

    def disconnect(self):
        self.sock.write(b"\xe0\0")
        self.sock.close()

    def _acknowledged(self, kind, body, wanted, size):
        self.pid += 1
        assert self.pid < 65536, "the genuine one would wait for an answer with this id for ever"
        number = pack("!H", self.pid)
        self._send(kind, body[0] + number + body[1])
        while True:  # as the genuine one: another's acknowledgement of PUBLISH is dropped, of SUBSCRIBE an error
            if self.wait_msg() == wanted:
                answer = self.sock.read(size)
                if answer[1:3] == number:
                    return answer
                assert wanted != 0x90

    def publish(self, topic, msg, retain=False, qos=0):
        if qos:
            self._acknowledged(0x32, (_text(topic), msg), 0x40, 3)
        else:
            self._send(0x30, _text(topic) + msg)

    def subscribe(self, topic, qos=0):
        if self._acknowledged(0x82, (b"", _text(topic) + bytes([qos])), 0x90, 4)[3] == 0x80:
            raise MQTTException(0x80)

    def wait_msg(self):
        kind = self.sock.read(1)
        self.sock.setblocking(True)
        if kind is None:
            return None
        if kind == b"\xd0":
            self.sock.read(1)
            return None
        if kind[0] & 0xF0 != 0x30:
            return kind[0]
        body = self.sock.read(self.sock.read(1)[0])
        end = 2 + body[1]
        self.cb(body[2:end], body[end:])
        return kind[0]

    def check_msg(self):
        self.sock.setblocking(False)
        return self.wait_msg()
