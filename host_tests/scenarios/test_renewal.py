"""A credential that the service no longer knows: when the device registers again, how often, and what it writes."""

import asyncio

import enroll
import enroll.connection as connection
import enroll.session as session
from boots import GOOD, NOW, Device, Port, Ready
from enroll import calendar, tasks
from enroll.commit import Journal
from enroll.journal import KEPT, REFUSED, TRIED, recall
from helpers import Wire, patched, raises

PATH = "/v1/devices/{id}/config"
NEW = b'{"id": "device-2", "access_key": "second-canary", "hub_url": "http://hub"}'


def answer(status, body=b""):
    return b"HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


class Clock:
    """Ticks that go on only when somebody sleeps."""

    now = 0

    def ticks_ms(self):
        return self.now & 0x3FFFFFFF

    def time(self):
        return NOW + self.now // 1000

    def gmtime(self, seconds):
        return (1970,)

    def sleep(self, seconds):
        self.now += int(seconds * 1000)


class Registrar(Wire):
    """A service that registers whoever asks and says 401 to everything else."""

    def recv(self, size):
        if self.asked and not self.pieces:
            last = self.sent.rpartition(b" HTTP/1.1")[0].rpartition(b" ")[2]
            self.pieces = [answer(201, NEW) if last == b"/api/v1/devices" else answer(401)]
        return super().recv(size)


class Life:
    """A registered device with a session, on a virtual clock; `wire.sent` is all that it has sent since."""

    def __init__(self, provider="xyte", **top):
        device = Device(provider, **top)
        assert device.boot((200, GOOD[provider])).name == "registered"
        self.it = device.it
        self.clock = Clock()
        self.lines = []
        self.writes = []
        self.port = Port(self.store)
        self.port.sleep = self.clock.sleep
        self.session = session.Session(self.it, self.port, log=self.lines.append)

    def store(self, path, *more):
        """A Journal that counts the records it writes."""
        found = Journal(path, *more)
        save = found.save

        def counting(state, *more):
            self.writes.append(state)
            save(state, *more)

        found.save = counting
        return found

    def call(self, answers, method="GET", **more):
        """The status of a request that meets `answers`, one connection each, or a Wire."""
        self.wire = answers if isinstance(answers, Wire) else Wire(*answers)
        ticks = {"ticks_ms": self.clock.ticks_ms}
        with patched(connection, socket=self.wire), patched(tasks, select=Ready()):
            with patched(session, **ticks), patched(calendar, time=self.clock):
                try:
                    return self.session.request(method, PATH, **more).status_code
                finally:
                    self.asked = self.wire.sent.count(b" HTTP/1.1\r\n")
                    assert self.wire.open <= 0, "a socket is left open"

    def stored(self):
        return recall(self.it, Journal(self.it.store))


def test_two_401s_five_seconds_apart_make_it_register_anew_and_ask_once_more():
    life = Life()
    assert life.call([answer(401), answer(401), answer(201, NEW), answer(200)]) == 200
    assert life.asked == 4 and life.clock.now == 5000
    assert b"GET /v1/devices/device-2/config" in life.wire.sent and b"second-canary" in life.wire.sent
    state, credential = life.stored()
    assert state == KEPT and credential.secret.reveal() == "second-canary"
    assert credential.renewed == NOW


def test_one_401_alone_changes_nothing():
    life = Life()
    assert life.call([answer(401), answer(200)]) == 200
    assert life.asked == 2 and not life.writes and life.session.credential.device_id == "device-1"


def test_403_and_404_never_make_it_register_anew():
    for status in (403, 404, 429, 500):
        life = Life()
        assert life.call([answer(status)]) == status
        assert life.asked == 1 and life.clock.now == 0


def test_a_post_is_repeated_only_if_the_caller_says_so():
    life = Life()
    assert life.call([answer(401)], "POST") == 401 and life.asked == 1
    life.clock.sleep(4)
    assert life.call([answer(401)], "POST") == 401 and life.asked == 1
    life.clock.sleep(1)
    assert life.call([answer(401), answer(201, NEW)], "POST") == 401 and life.asked == 2
    assert life.session.credential.device_id == "device-2"
    assert life.call([answer(200)], "POST") == 200
    life = Life()
    assert life.call([answer(401), answer(401), answer(201, NEW), answer(200)], "POST", repeat=True) == 200


def test_a_success_between_two_401s_counts():
    life = Life()
    life.call([answer(401)], "POST")
    life.clock.sleep(10)
    life.call([answer(200)], "POST")
    assert life.call([answer(401)], "POST") == 401 and life.asked == 1


def test_the_old_credential_stays_where_the_service_refuses_or_is_silent():
    for reply, state, kind in (
        (answer(422), REFUSED, "refused"),
        (answer(503), REFUSED, "server"),
        (answer(500), TRIED, "server"),
        (OSError(104, "reset"), TRIED, "network"),
    ):
        life = Life()
        assert str(raises(kind, life.call, [answer(401), answer(401), reply])), kind
        assert life.stored()[0] == state
        assert enroll.stored(life.it, life.port).secret.reveal() == "token-canary"
        assert session.Session(life.it, life.port).credential.device_id == "device-1"


def test_after_a_failure_it_waits_before_it_tries_again():
    life = Life()
    raises("refused", life.call, [answer(401), answer(401), answer(422)])
    assert life.call([answer(401)]) == 401 and life.asked == 1
    life.clock.sleep(life.it.cap)
    assert life.call([answer(401), answer(201, NEW), answer(200)]) == 200


def test_the_wait_ends_in_the_second_that_hold_names():
    life = Life()
    raises("refused", life.call, [answer(401), answer(401), answer(422)])
    life.clock.sleep(life.session.hold - 1 - life.clock.time())
    assert life.call([answer(401)]) == 401 and life.asked == 1
    life.clock.sleep(1)
    assert life.call([answer(401), answer(201, NEW), answer(200)]) == 200


def test_a_wait_of_some_minutes_is_over_whenever_the_next_request_comes():
    """Ticks come round after twelve days, and by half of that time they tell nothing."""
    for days in (0.1, 1, 3, 6, 6.3, 7, 9, 12, 12.5, 30, 400):
        life = Life()
        raises("refused", life.call, [answer(401), answer(401), answer(422)])
        life.clock.sleep(days * 86400)
        assert life.call([answer(401), answer(201, NEW), answer(200)], "GET") == 200, days


def test_a_clock_that_is_set_back_ends_a_wait():
    """No wait is longer than 180 000 s."""
    life = Life()
    raises("refused", life.call, [answer(401), answer(401), answer(422)])
    life.session.hold = life.clock.time() + 180000
    assert life.call([answer(401)]) == 401 and life.asked == 1
    life.session.hold += 1
    assert life.call([answer(401), answer(201, NEW), answer(200)]) == 200


def test_a_lost_answer_makes_an_orphan_until_the_portal_helps():
    life = Life()
    raises("network", life.call, [answer(401), answer(401), OSError(104, "reset")])
    life.clock.sleep(life.it.cap)
    error = raises("orphaned", life.call, [answer(401), answer(422)])
    assert "delete this device in the portal" in str(error)
    life.clock.sleep(life.it.cap)
    assert life.call([answer(401), answer(201, NEW), answer(200)]) == 200


def test_a_service_that_says_401_to_everything_for_a_day():
    """One call a minute: three registrations of two slots each; then one question a call, and more at each attempt."""
    life = Life()
    asked = registered = refused = 0
    while life.clock.now < 86400_000:
        start = life.clock.now
        life.port.now = NOW + start // 1000
        try:
            assert life.call(Registrar()) == 401
            registered += b"POST /api/v1/devices " in life.wire.sent
        except enroll.EnrollError as error:
            assert error.kind == "refused" and "soon after" in str(error)
            refused += 1
        asked += life.asked
        life.clock.sleep(60 - (life.clock.now - start) / 1000)
    assert registered == 3 and len(life.writes) == 6
    assert 86400 / life.it.cap - 5 <= refused <= 2 * 86400 / life.it.cap + 5, refused
    assert asked <= 1440 + refused + 12, asked


def test_how_soon_it_may_register_anew_again_is_a_setting():
    for wanted, seconds, allowed in ((None, 28799, False), (None, 28800, True), (60, 59, False), (60, 60, True)):
        life = Life(retry={"renew": wanted})
        assert life.call([answer(401), answer(401), answer(201, NEW), answer(200)]) == 200
        life.port.now = NOW + seconds
        if allowed:
            assert life.call([answer(401), answer(401), answer(201, NEW), answer(200)]) == 200
        else:
            assert "soon after" in str(raises("refused", life.call, [answer(401), answer(401)]))


def test_a_new_registration_ends_the_row_of_failures():
    life = Life()
    raises("refused", life.call, [answer(401), answer(401), answer(403)])
    assert life.session.failures == 1
    life.session.hold = 0  # the wait is over
    assert life.call([answer(401), answer(201, NEW), answer(200)]) == 200
    assert life.session.failures == 0


def test_etherfax_says_that_the_portal_must_reset_the_device():
    life = Life("etherfax")
    error = raises("refused", life.call, [answer(401), answer(401), answer(403)])
    assert "reset this device in the portal" in str(error)
    assert enroll.stored(life.it, life.port)


def test_ickstream_says_that_a_new_registration_token_is_needed():
    life = Life("ickstream")
    life.it.section["registration_token"] = None  # it has been erased
    error = raises("configuration", life.call, [answer(401), answer(401)])
    assert "registration_token" in str(error) and life.asked == 2
    assert enroll.stored(life.it, life.port)


async def cancelled(life, at):
    """What becomes of a request that is cancelled at its await number `at`."""
    steps = []
    real = asyncio.sleep

    async def sleep(seconds):
        steps.append(seconds)
        life.clock.sleep(seconds)
        await real(60 if len(steps) == at + 1 else 0)

    with patched(asyncio, sleep=sleep):
        task = asyncio.create_task(life.session.arequest("GET", PATH))
        while len(steps) <= at and not task.done():
            await real(0)
        task.cancel()
        try:
            await task
            return "done"
        except asyncio.CancelledError:
            return "cancelled"
        finally:
            life.session.close()


def test_a_cancelled_request_burns_no_registration():
    """The request that registers the device again is finished first; its credential is on flash and in the session."""
    at = asked = 0
    while True:
        life = Life()
        life.wire = Wire(
            answer(401), None, answer(401), None, None, answer(201, NEW)[:90], None, answer(201, NEW)[90:], answer(200)
        )
        with patched(connection, socket=life.wire), patched(tasks, select=Ready()):
            with patched(session, ticks_ms=life.clock.ticks_ms), patched(calendar, time=life.clock):
                outcome = asyncio.run(cancelled(life, at))
        if outcome == "done":
            break
        assert life.wire.open <= 0
        if b"POST /api/v1/devices " in life.wire.sent:
            asked += 1
            assert life.stored()[0] == KEPT and life.stored()[1].device_id == "device-2", at
        else:
            assert enroll.stored(life.it, life.port).device_id == "device-1"
        at += 1
    assert asked > 3 and at > asked + 5


def test_a_page_that_says_401_is_not_the_services_word():
    """A proxy or the portal of a network wants a person to log in."""
    page = b"HTTP/1.1 401 Log in\r\nConnection: close\r\nContent-Length: 12\r\n\r\n<html></html"
    life = Life()
    assert life.call([page, page]) == 401 and life.asked == 1
    assert life.call([answer(401), page]) == 401
    assert enroll.stored(life.it, life.port).device_id == "device-1"
