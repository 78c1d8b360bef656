"""A credential that the service no longer accepts: when the device registers again, how often, and what it writes."""

import enroll
import enroll.session as session
from cancel import cancellations
from enroll.commit import Journal
from enroll.journal import KEPT, REFUSED, TRIED, recall
from fake_device import NOW
from fake_session import Registered
from helpers import raises
from install import installed
from wire import Wire

PATH = "/v1/devices/{id}/config"
NEW = b'{"id": "device-2", "access_key": "second-canary", "hub_url": "http://hub"}'


def answer(status, body=b""):
    return b"HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


class Registrar(Wire):
    """A service that registers every device and answers 401 to everything else."""

    def recv(self, size):
        if self.asked and not self.pieces:
            last = self.sent.rpartition(b" HTTP/1.1")[0].rpartition(b" ")[2]
            self.pieces = [answer(201, NEW) if last == b"/api/v1/devices" else answer(401)]
        return super().recv(size)


class Renewing(Registered):
    """A registered device with a session, on a virtual clock; `wire.sent` is all that it has sent since."""

    def __init__(self, provider="xyte", **top):
        super().__init__(provider, None, **top)

    @property
    def writes(self):
        """The states of the records that it has written since."""
        return [state for _, state in self.saves]

    def call(self, answers, method="GET", **more):
        """The status of a request that meets `answers`, one connection each, or a Wire."""
        self.wire = answers if isinstance(answers, Wire) else Wire(*answers)
        try:
            return self.over(self.wire, self.session.request, method, PATH, **more).status_code
        finally:
            self.asked = self.wire.sent.count(b" HTTP/1.1\r\n")
            assert self.wire.open <= 0, "a socket is left open"

    def stored(self):
        return recall(self.it, Journal(self.it.store))


def test_two_401s_five_seconds_apart_make_it_register_again_and_repeat_the_request():
    device = Renewing()
    assert device.call([answer(401), answer(401), answer(201, NEW), answer(200)]) == 200
    assert device.asked == 4 and device.ticks == 5000
    assert b"GET /v1/devices/device-2/config" in device.wire.sent and b"second-canary" in device.wire.sent
    state, credential = device.stored()
    assert state == KEPT and credential.secret.reveal() == "second-canary"
    assert credential.renewed == NOW


def test_one_401_alone_changes_nothing():
    device = Renewing()
    assert device.call([answer(401), answer(200)]) == 200
    assert device.asked == 2 and not device.writes and device.session.credential.device_id == "device-1"


def test_403_and_404_never_make_it_register_again():
    for status in (403, 404, 429, 500):
        device = Renewing()
        assert device.call([answer(status)]) == status
        assert device.asked == 1 and device.ticks == 0


def test_a_post_is_repeated_only_if_the_caller_says_so():
    device = Renewing()
    assert device.call([answer(401)], "POST") == 401 and device.asked == 1
    device.sleep(4)
    assert device.call([answer(401)], "POST") == 401 and device.asked == 1
    device.sleep(1)
    assert device.call([answer(401), answer(201, NEW)], "POST") == 401 and device.asked == 2
    assert device.session.credential.device_id == "device-2"
    assert device.call([answer(200)], "POST") == 200
    device = Renewing()
    assert device.call([answer(401), answer(401), answer(201, NEW), answer(200)], "POST", repeat=True) == 200


def test_a_success_between_two_401s_counts():
    device = Renewing()
    device.call([answer(401)], "POST")
    device.sleep(10)
    device.call([answer(200)], "POST")
    assert device.call([answer(401)], "POST") == 401 and device.asked == 1


def test_the_old_credential_stays_where_the_service_refuses_or_is_silent():
    for reply, state, kind in (
        (answer(422), REFUSED, "refused"),
        (answer(503), REFUSED, "server"),
        (answer(500), TRIED, "server"),
        (OSError(104, "reset"), TRIED, "network"),
    ):
        device = Renewing()
        assert str(raises(kind, device.call, [answer(401), answer(401), reply])), kind
        assert device.stored()[0] == state
        assert enroll.stored(device.it, device.port).secret.reveal() == "token-canary"
        assert session.Session(device.it, device.port).credential.device_id == "device-1"


def test_after_a_failure_it_waits_before_it_tries_again():
    device = Renewing()
    raises("refused", device.call, [answer(401), answer(401), answer(422)])
    assert device.call([answer(401)]) == 401 and device.asked == 1
    device.sleep(device.it.cap)
    assert device.call([answer(401), answer(201, NEW), answer(200)]) == 200


def test_the_wait_ends_in_the_second_that_hold_names():
    device = Renewing()
    raises("refused", device.call, [answer(401), answer(401), answer(422)])
    device.sleep(device.session.hold - 1 - device.time())
    assert device.call([answer(401)]) == 401 and device.asked == 1
    device.sleep(1)
    assert device.call([answer(401), answer(201, NEW), answer(200)]) == 200


def test_a_wait_of_some_minutes_is_over_whenever_the_next_request_comes():
    """Ticks wrap after twelve days, and are useless after half of that."""
    for days in (0.1, 1, 3, 6, 6.3, 7, 9, 12, 12.5, 30, 400):
        device = Renewing()
        raises("refused", device.call, [answer(401), answer(401), answer(422)])
        device.sleep(days * 86400)
        assert device.call([answer(401), answer(201, NEW), answer(200)], "GET") == 200, days


def test_a_clock_that_is_set_back_ends_a_wait():
    """No wait is longer than 180 000 s."""
    device = Renewing()
    raises("refused", device.call, [answer(401), answer(401), answer(422)])
    device.session.hold = device.time() + 180000
    assert device.call([answer(401)]) == 401 and device.asked == 1
    device.session.hold += 1
    assert device.call([answer(401), answer(201, NEW), answer(200)]) == 200


def test_a_lost_answer_makes_an_orphan_until_the_portal_helps():
    device = Renewing()
    raises("network", device.call, [answer(401), answer(401), OSError(104, "reset")])
    device.sleep(device.it.cap)
    error = raises("orphaned", device.call, [answer(401), answer(422)])
    assert "delete this device in the portal" in str(error)
    device.sleep(device.it.cap)
    assert device.call([answer(401), answer(201, NEW), answer(200)]) == 200


def test_a_service_that_says_401_to_everything_for_a_day():
    """One call a minute: three registrations of two slots each; then one question a call, and more at each attempt."""
    device = Renewing()
    asked = registered = refused = 0
    while device.ticks < 86400_000:
        start = device.ticks
        device.port.now = NOW + start // 1000
        try:
            assert device.call(Registrar()) == 401
            registered += b"POST /api/v1/devices " in device.wire.sent
        except enroll.EnrollError as error:
            assert error.kind == "refused" and "soon after" in str(error)
            refused += 1
        asked += device.asked
        device.sleep(60 - (device.ticks - start) / 1000)
    assert registered == 3 and len(device.writes) == 6
    assert 86400 / device.it.cap - 5 <= refused <= 2 * 86400 / device.it.cap + 5, refused
    assert asked <= 1440 + refused + 12, asked


def test_the_pause_between_renewals_is_a_setting():
    for wanted, seconds, allowed in ((None, 28799, False), (None, 28800, True), (60, 59, False), (60, 60, True)):
        device = Renewing(retry={"renew": wanted})
        assert device.call([answer(401), answer(401), answer(201, NEW), answer(200)]) == 200
        device.port.now = NOW + seconds
        if allowed:
            assert device.call([answer(401), answer(401), answer(201, NEW), answer(200)]) == 200
        else:
            assert "soon after" in str(raises("refused", device.call, [answer(401), answer(401)]))


def test_a_new_registration_resets_the_count_of_failures():
    device = Renewing()
    raises("refused", device.call, [answer(401), answer(401), answer(403)])
    assert device.session.failures == 3, "it has joined a network"
    device.session.hold = 0  # the wait is over
    assert device.call([answer(401), answer(201, NEW), answer(200)]) == 200
    assert device.session.failures == 0


def test_etherfax_says_that_the_portal_must_reset_the_device():
    device = Renewing("etherfax")
    error = raises("refused", device.call, [answer(401), answer(401), answer(403)])
    assert "reset this device in the portal" in str(error)
    assert enroll.stored(device.it, device.port)


def test_ickstream_says_that_a_new_registration_token_is_needed():
    device = Renewing("ickstream")
    device.it.section["registration_token"] = None  # it has been erased
    error = raises("configuration", device.call, [answer(401), answer(401)])
    assert "registration_token" in str(error) and device.asked == 2
    assert enroll.stored(device.it, device.port)


def test_a_cancelled_request_burns_no_registration():
    """The request that registers the device again is finished first; its credential is on flash and in the session."""

    def make():
        device = Renewing()
        new = answer(201, NEW)
        device.wire = Wire(answer(401), None, answer(401), None, None, new[:90], None, new[90:], answer(200))
        return device

    async def request(device):
        with installed(device.wire, device.clock):
            try:
                await device.session.arequest("GET", PATH)
            finally:
                device.session.close()

    asked = 0
    for at, device in cancellations(make, request, lambda device, seconds: device.sleep(seconds)):
        if at is None:
            break
        assert device.wire.open <= 0
        if b"POST /api/v1/devices " in device.wire.sent:
            asked += 1
            assert device.stored()[0] == KEPT and device.stored()[1].device_id == "device-2", at
        else:
            assert enroll.stored(device.it, device.port).device_id == "device-1"
        last = at
    assert asked > 3 and last + 1 > asked + 5


def test_a_page_that_says_401_is_not_the_services_word():
    """A proxy or the portal of a network wants a person to log in."""
    page = b"HTTP/1.1 401 Log in\r\nConnection: close\r\nContent-Length: 12\r\n\r\n<html></html"
    device = Renewing()
    assert device.call([page, page]) == 401 and device.asked == 1
    assert device.call([answer(401), page]) == 401
    assert enroll.stored(device.it, device.port).device_id == "device-1"
