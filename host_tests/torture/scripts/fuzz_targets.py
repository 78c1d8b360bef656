"""Everything that takes outside input, each as a function of one input; it returns if all is well.

Only what a docstring of the library announces is caught here. `TARGETS` is {name: (function that makes an odd input of
a Chance, function that takes it)}.
"""

import json
import sys
from binascii import crc32
from struct import pack

from answers import GOOD
from enroll import backoff, clock, enroller, httpdate, journal, url
from enroll.commit import Journal
from enroll.config import Config
from enroll.credential import Credential
from enroll.errors import EnrollError
from enroll.providers import Answer
from enroll.requests import fetch
from enroll.reset import clear
from fake_device import Port
from fuzz_mutations import odd_bytes, odd_json, odd_object
from helpers import SECTIONS, Fake, config, drive, patched, write
from install import installed
from wire import Wire

FOLDER = sys.argv[1]
KINDS = ("configuration", "storage", "network", "clock", "certificate", "memory")
KINDS += ("server", "refused", "orphaned", "answer")
MARKS = {"etherfax": (b"DeviceToken", b"etherfax"), "ickstream": (b"rpc", b"ickstream"), "xyte": (b"key", b"xyte")}
NOW = 1795000000
LAZY = Fake(collect=int)  # collects nothing: there is heap enough


class Flow(Wire):
    """A wire that many bytes come over, at no cost for each but its own."""

    def __init__(self, content):
        super().__init__()
        self._content = content
        self._at = 0

    def recv(self, size):
        self._at += size
        return self._content[self._at - size : self._at]

    def readinto(self, buffer):
        piece = self.recv(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def sound(error, kinds):
    """Whether `error` is of one of `kinds`, and can be printed in a line."""
    text = str(error)
    assert error.kind in kinds and text and not [c for c in text if c < " " or c == "\x7f"], (error.kind, text)


def unless(announced, function, *arguments):
    """Call `function`, which may raise `announced` and nothing else."""
    try:
        function(*arguments)
    except announced:
        return


def take_config(data):
    try:
        it = Config(data)
        it.complete({"serial": "board", "hardware_id": "board", "hardware_key": "board", "mac": "00:11:22:33:44:55"})
        journal.identity(it)
        for request in it.service.register(it, NOW):
            json.dumps(request.json)
            break
    except EnrollError as error:
        sound(error, ("configuration",))


def take_file(content):
    path = write(FOLDER + "/enroll.json", content)
    try:
        Config.load(path)
    except EnrollError as error:
        sound(error, ("configuration",))


def take_http(content):
    """As a session reads it, and as the clock does."""
    for brief in (False, True):
        wire = Flow(content)
        try:
            with installed(wire):
                drive(fetch("GET", "http://host/", parse_headers=not brief, limit=4096), most=40000)
        except OSError:
            pass
        except EnrollError as error:
            sound(error, ("answer",))
        assert wire.open <= 0, "the socket is left open"


def some_device(content, **top):
    """A device of the provider that `content` looks like."""
    likely = [provider for provider in sorted(MARKS) if [1 for mark in MARKS[provider] if mark in content]]
    return config((likely or ["centagate"])[0], **top)


def take_attempt(content):
    """A whole attempt that is answered with `content`, and another one."""
    device = some_device(content, store=FOLDER + "/state")
    clear(Journal(device.store))
    for _ in range(2):
        it = enroller.Enroller(device, Port())
        with installed(Flow(content)), patched(enroller, gc=LAZY):
            action = it.step(0)
        it.close()
        if action.error:
            sound(action.error, KINDS)
        else:
            use(action.credential, device)


def use(credential, device):
    """What an application does with a credential."""
    try:
        headers = credential.headers(0)
    except EnrollError as error:
        sound(error, ("configuration",))
        return
    for value in headers.values():
        assert url.plain(value, 32), value
    if hasattr(device.service, "base"):
        url.split(device.service.base(device, credential))
    again = Credential(device, *json.loads(credential.encode()))
    assert again.headers(0) == headers


def take_answer(content):
    """The body of an answer."""
    device = some_device(content)
    for status in (200, 401):
        answer = Answer(status, content)
        answer.again = status == 200
        try:
            use(device.service.parse(device, answer), device)
        except EnrollError as error:
            sound(error, KINDS)


def take_packet(packet):
    for nonce in (packet[24:32], b"12345678"):
        try:
            unix = clock.parse(packet, nonce, clock.BUILD)
            assert unix is None or unix >= clock.BUILD
        except EnrollError as error:
            sound(error, ("clock",))


def address(text):
    _, host, port, path = url.split(text)
    assert host and 0 < port < 65536 and url.plain(path), (host, port, path)


def take_text(content):
    """A URL, a date, a header: any text that may come from a file or a server."""
    try:
        text = str(content, "utf-8")
    except ValueError:
        return
    unless(ValueError, httpdate.iso_date, text)
    unless(ValueError, address, text)
    for found in (httpdate.http_date(text, NOW), backoff.after({"retry-after": text, "date": text[1:]}, NOW)):
        assert found is None or isinstance(found, int)
        backoff.delay(1, 5, 900, 0.5, False, found)
    str(EnrollError("server", text, error=text))


def take_slots(content):
    """Both slots of a store, the first with a right checksum."""
    store = Journal(FOLDER + "/slots")
    store.prepare()
    half = len(content) // 2
    write(FOLDER + "/slots/0/slot", content[:half] + pack("<I", crc32(content[:half])))
    write(FOLDER + "/slots/1/slot", content[half:])
    state, credential = journal.recall(some_device(content), store)
    assert 0 <= state < 256 and (credential is None or isinstance(credential, Credential))


def slot(state, who, body):
    return b"ENR\x01" + pack("<IBHH", 7, state, len(who), len(body)) + who + body


BODIES = [json.dumps(GOOD[provider]).encode() for provider in sorted(GOOD)] + [
    b'{"error": {"code": -32000, "message": "x"}, "id": 1}',
    b'{"code": "29008", "object": "{}"}',
    b'{"code": 0, "object": "{\\"a\\": 1}"}',
]
ANSWERS = [
    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\r\n%s" % (len(body), body)
    for body in BODIES
] + [
    b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10;a=b\r\n{"DeviceToken": \r\n6\r\n"abc"}\r\n0\r\n\r\n',
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 403 Forbidden\r\nRetry-After: 120\r\n\r\n",
    b"HTTP/1.1 503 Busy\r\nRetry-After: Sun, 06 Nov 2050 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n",
]
CONFIGS = [
    {
        "provider": provider,
        "url": "http://localhost/api",
        "ntp": ["pool.ntp.org", "time.example.com:1123"],
        "earliest": "2026-01-01",
        "store": "state",
        "timeout": 20,
        "retry": {"first": 5, "cap": 900},
        "network": [{"ssid": "a", "password": "b"}],
        provider: SECTIONS[provider],
    }
    for provider in sorted(SECTIONS)
]
PACKETS = [
    b"\x24\x02\x06\xec" + bytes(20) + b"12345678" + bytes(8) + pack(">I", (NOW + 2208988800) % (1 << 32)) + b"abcd",
    b"\xe4\x00\x06\xecRATE" + bytes(16) + b"12345678" + bytes(16),
]
TEXTS = [
    b"Sun, 06 Nov 1994 08:49:37 GMT",
    b"120",
    b"https://entry.example.com:8443/v1/devices?a=b",
    b"http://192.0.2.1:80",
    b"2026-01-01",
]
SLOTS = [
    slot(4, b"etherfax\nMT873615726", b'["MT873615726", "token", {}]') * 2,
    slot(3, b"xyte\nsn-1\n00:11:22:33:44:55\n", BODIES[-4]) + slot(1, b"etherfax\nMT873615726", b""),
    slot(4, b"ickstream\nhw-1", b'["device-1", "token", {"scheme": "Bearer"}]') * 2,
]
CONFIG_TEXTS = [json.dumps(data).encode() for data in CONFIGS]


def plain(make, inputs):
    """A function that makes an odd one of `inputs` from a Chance."""
    return lambda chance: make(chance, chance.one(inputs), inputs)


TARGETS = {
    "config": (lambda chance: odd_object(chance, chance.one(CONFIGS)), take_config),
    "file": (lambda chance: odd_json(chance, chance.one(CONFIGS), CONFIG_TEXTS), take_file),
    "http": (plain(odd_bytes, ANSWERS), take_http),
    "attempt": (plain(odd_bytes, ANSWERS), take_attempt),
    "answer": (lambda chance: odd_json(chance, json.loads(chance.one(BODIES)), BODIES), take_answer),
    "packet": (plain(odd_bytes, PACKETS), take_packet),
    "text": (plain(odd_bytes, TEXTS), take_text),
    "slots": (plain(odd_bytes, SLOTS), take_slots),
}


def foreign(error):
    """Whether only CPython fails so: it cannot encode half a character, and its own JSON recurses where it parses."""
    if sys.implementation.name != "cpython" or not isinstance(error, RecursionError):
        return type(error).__name__ == "UnicodeEncodeError"
    trace = error.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    return json.__name__ in trace.tb_frame.f_globals["__name__"].split(".")


def give(name, data):
    """Give `data` to the target `name`."""
    try:
        TARGETS[name][1](data)
    except Exception as error:
        if not foreign(error):
            raise
