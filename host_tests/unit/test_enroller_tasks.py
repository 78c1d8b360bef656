"""Several tasks, and interrupted tasks: neither loses a registration."""

import asyncio
import json

import enroll
from answers import GOOD, ONCE
from cancel import cancellations
from enroll.commit import Journal
from enroll.enroller import Enroller
from enroll.journal import KEPT, recall
from fake_device import NOW, Device, Port, Service
from helpers import SECTIONS, config, folder, patched
from install import installed
from wire import Wire


def test_two_devices_register_in_one_loop():
    class Board(Port):
        """Its clock is asked as that of a real one."""

        def connect(self, networks):
            self.connected += 1
            return self.wait()

        def wait(self):
            yield 0.01

    async def two(asked):
        work = []
        for number in (1, 2):
            it = config("xyte", {"sn": "sn-%d" % number}, store=folder() + "/state")
            work.append(enroll.arun(it, Board(), request=Service((200, GOOD["xyte"]))))
        return await asyncio.gather(*work)

    import enroll.clock as clock

    def ask(config, log=None):
        yield 0.01
        return NOW

    with patched(clock, ask=ask):
        found = asyncio.run(two([]))
    assert [it.secret.reveal() for it in found] == ["token-canary"] * 2


def test_an_attempt_waits_ten_timeouts_for_another_one_that_never_ends():
    def connecting(networks):
        while True:
            yield 0

    device = Device("xyte", timeout=2)
    port = Port()
    port.connect = connecting
    stuck = Enroller(device.it, port).attempt()
    next(stuck)
    waited = 0
    for pause in Enroller(device.it, port).attempt():
        if pause == 0:
            break
        waited += pause
    assert waited == 20
    stuck.close()


def test_two_tasks_of_one_device_register_it_once():
    it = config("xyte", store=folder() + "/state", retry={"first": 1, "cap": 1})
    service = Service((200, GOOD["xyte"]))

    class Slow(Port):
        def connect(self, networks):
            super().connect(networks)
            yield 0.05

    async def both():
        return await asyncio.gather(*[enroll.arun(it, Slow(), request=service) for _ in range(2)])

    assert [found.secret.reveal() for found in asyncio.run(both())] == ["token-canary"] * 2
    assert len(service.requests) == 1


class Lasting(Wire):
    """A service on the wire that registers once; `given`: how often it did. Its answer comes in pieces."""

    def __init__(self, provider, slow=False):
        super().__init__(most=50)
        self.provider = provider
        self.given = 0
        self.slow = slow

    def recv(self, size):
        if b"\r\n\r\n" in self.sent:
            self.sent = b""
            self.given += 1
            good = self.given == 1 or self.provider not in ONCE
            body = json.dumps(GOOD[self.provider]).encode() if good else b"{}"
            head = b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (200 if good else 403, len(body))
            for piece in (head, body[:9], body[9:]):
                self.pieces += [None, piece]
        return super().recv(size)


def test_a_cancellation_at_any_await_burns_no_registration():
    """The answer is saved before the cancellation goes on: a later boot has the credential without a request."""
    for provider in SECTIONS:

        def make(provider=provider):
            it = config(provider, store=folder() + "/state")
            it.wire = Lasting(provider)
            return it

        points = []
        for at, it in cancellations(make, register):
            points.append(at)
            kept, wire = recall(it, Journal(it.store)), it.wire
            assert wire.open <= 0
            assert bool(kept[1]) == bool(wire.given), (provider, at, kept[0])
            if wire.given:
                assert kept[0] == KEPT
            if at is not None:
                with installed(wire):
                    assert enroll.run(it, Port()).secret.reveal() in ("token-canary", "")
            assert wire.given == 1
        assert len(points) > 6


async def register(it):
    with installed(it.wire):
        await enroll.arun(it, Port())


def test_a_keyboard_that_interrupts_a_wait_burns_no_registration():
    interrupted(lambda one: one.run())


def test_a_keyboard_that_interrupts_a_step_burns_no_registration_either():
    """Devices that sleep between attempts had this fault, too."""
    interrupted(lambda one: one.step(NOW))


def interrupted(attempts):
    """Check `attempts`, given an Enroller, with an interruption at each of its waits."""
    for at in range(40):
        it = config("etherfax", store=folder() + "/state")
        wire = Lasting("etherfax")
        fed = []

        def feed(fed=fed, at=at):
            fed.append(1)
            if len(fed) == at + 1:
                raise KeyboardInterrupt

        port = Port()
        port.feed = feed
        said = []
        one = enroll.Enroller(it, port, log=said.append)
        try:
            with installed(wire):
                attempts(one)
            assert at > 5
            break
        except KeyboardInterrupt:
            assert bool(recall(it, Journal(it.store))[1]) == bool(wire.given), at
            # `provision` waits for its end then
            assert ("registering, will stop then" in said) == bool(wire.given), (at, said)


def test_what_ends_a_program_is_not_held_back_where_nothing_has_left():

    class Silent(Wire):
        def recv(self, size):
            raise OSError(11, "would block")

    def make():
        it = config("etherfax", store=folder() + "/state")
        it.wire = Silent()
        return it

    at, it = next(cancellations(make, register))
    assert at == 0 and not it.wire.sent and recall(it, Journal(it.store))[0] == 0
