"""A credential that expires: when it is replaced, what is on flash before its use, and the effect of a refusal."""

import enroll
from enroll.providers import Request
from enroll.providers import xyte as real
from enroll.providers.other_steps import Keep, Wait
from enroll.steps import kept
from fake_device import NOW
from fake_session import Registered
from helpers import raises

LIFE = 3600


class Expiring:
    """Xyte as it would be if its keys lived for an hour."""

    TABLE = real.TABLE
    ANSWER = real.ANSWER
    ONCE = True
    parse = staticmethod(real.parse)
    base = staticmethod(real.base)
    register = staticmethod(real.register)

    def headers(self, credential, now):
        return {"Authorization": credential.secret.reveal()}

    def expires(self, credential):
        return credential.extra["until"]

    def refresh(self, config, credential, now):
        yield Request("POST", config.url + "/refresh", {"key": credential.secret.reveal()})


class Service:
    """Keys are numbered; only the newest is valid, until it expires or is `revoked`."""

    def __init__(self):
        self.number = 0
        self.revoked = False
        self.refresh_status = 200
        self.device = None

    def new(self):
        self.number += 1
        self.revoked = False
        until = self.device.time() + LIFE if self.device else NOW + LIFE
        return {"id": "device-1", "access_key": "key-%d-canary" % self.number, "hub_url": "http://hub", "until": until}

    def __call__(self, it):
        if it.path == "/api/refresh":
            return (self.refresh_status, self.new() if self.refresh_status == 200 else None)
        if it.path == "/api/v1/devices":
            return 201, self.new()
        good = it.headers["Authorization"] == "key-%d-canary" % self.number and not self.revoked
        return (200 if good else 401), None


def registered():
    service = Service()
    device = Registered("xyte", service, reply=service.new())
    device.it.service = Expiring()
    service.device = device
    device.boot()
    return device, service


def get(session, method="GET"):
    return (yield from session.task(method, "/data")).status_code


def asked(device):
    return [it.path for it in device.asked]


def test_it_is_replaced_a_minute_before_its_end_and_not_before():
    device, _ = registered()
    device.sleep(LIFE - 70)
    assert device.run(get) == 200 and asked(device) == ["/data"]
    device.sleep(20)
    assert device.run(get) == 200 and asked(device) == ["/api/refresh", "/data"]
    assert device.run(get) == 200 and asked(device) == ["/data"]


def test_the_new_one_is_on_flash_before_it_is_used():
    """A refresh token may be invalid once its successor was issued."""
    device, service = registered()
    device.sleep(LIFE)
    seen = []

    def answer(it):
        if it.path == "/data":
            seen.append(enroll.stored(device.it, device.port).secret.reveal())
        return service(it)

    device.net.answer = answer
    assert device.run(get) == 200
    assert seen == ["key-2-canary"]


def test_a_year_of_refreshes_is_no_registering_again():
    """What says when the device last registered again after a 401 stays as it was."""
    device, _ = registered()
    for _ in range(5):
        device.sleep(LIFE)
        assert device.run(get) == 200
    assert device.session.credential.renewed == 0


def test_one_that_the_service_denies_early_is_refreshed_at_once():
    device, service = registered()
    service.revoked = True
    assert device.run(get) == 200 and asked(device) == ["/data", "/api/refresh", "/data"]
    assert device.ticks == 0, "a refresh is harmless, so one 401 is enough"


def test_a_post_that_was_denied_is_not_repeated_but_the_next_one_passes():
    device, service = registered()
    service.revoked = True
    assert device.run(get, "POST") == 401 and asked(device) == ["/data", "/api/refresh"]
    assert device.run(get, "POST") == 200


def test_a_service_that_denies_what_it_has_just_given_does_not_wear_flash():
    device, service = registered()
    device.net.answer = lambda it: (401, None) if it.path == "/data" else service(it)
    for _ in range(3):
        try:
            device.run(get)
        except enroll.EnrollError as error:
            assert error.kind == "refused"
        device.sleep(60)
    assert len(device.saves) < 8, device.saves


def test_a_service_that_wants_it_to_wait_for_years_does_not_hold_up_the_application():
    """One request of an application waits a quarter of an hour; then it fails, and others may go on."""
    for seconds, slept in ((365 * 86400, 0), (300, 900)):
        device, _ = registered()

        def refresh(config, credential, now, seconds=seconds):
            while True:
                yield Wait(seconds)

        device.it.service.refresh = refresh
        device.sleep(LIFE)
        before = device.ticks
        error = raises("server", device.run, get)
        assert "not decided yet" in str(error) and device.ticks - before == slept * 1000
        assert device.session.hold - device.time() <= 86400 + device.it.cap, "not for years, either"


class Ticketed(Expiring):
    """A person has to accept a device that registers again, by a ticket which the device asks for first."""

    def register(self, config, now):
        if "_ticket" not in (yield Keep()):
            yield Request("POST", config.url + "/tickets", credential=False)
            yield Keep({"_ticket": 1})
        while True:
            yield Request("GET", config.url + "/accepted")
            yield Wait(300)

    def pending(self, config, answer):
        return answer.status == 202


def test_a_person_may_take_longer_than_one_request_of_the_application():
    """The ticket stays the same from one attempt to the next; the next renewal has another one."""
    device, service = registered()
    device.it.service = Ticketed()
    service.refresh_status = 403
    accepted = []

    def answer(it):
        if it.path == "/api/tickets":
            return 200, {}
        if it.path == "/api/accepted":
            return (201, service.new()) if accepted else (202, None)
        return service(it)

    device.net.answer = answer
    for _ in range(2):
        device.sleep(86400)
        raises("server", device.run, get)
    accepted.append(True)
    device.sleep(86400)
    assert device.run(get) == 200
    assert [it.path for it in device.net.requests].count("/api/tickets") == 1
    device.sleep(86400)
    device.port.now = device.time()
    assert device.run(get) == 200
    assert [it.path for it in device.net.requests].count("/api/tickets") == 2


def test_a_refused_refresh_makes_it_register_again():
    device, service = registered()
    device.sleep(LIFE)
    service.refresh_status = 403
    assert device.run(get) == 200 and asked(device) == ["/api/refresh", "/api/v1/devices", "/data"]
    assert device.session.credential.renewed == device.port.now


def test_a_refresh_without_an_answer_is_tried_again_later_and_the_old_one_stays():
    device, service = registered()
    device.sleep(LIFE)
    device.net.answer = lambda it: OSError(104) if it.path == "/api/refresh" else service(it)
    raises("network", device.run, get)
    assert enroll.stored(device.it, device.port).secret.reveal() == "key-1-canary"
    device.net.answer = service
    device.sleep(device.it.cap)
    assert device.run(get) == 200


def test_what_was_kept_for_one_registration_is_dropped_when_it_registers_again():
    """The number of an operation that is over would bring the old credential back."""
    device, service = registered()
    kept(device.it, {"client": "c", "_operation": "7"})
    device.sleep(LIFE)
    service.refresh_status = 403
    assert device.run(get) == 200 and kept(device.it) == {"client": "c"}


def test_one_whose_end_nobody_tells_is_refreshed_whenever_it_ends():
    """RFC 6749, 5.1, lets a server leave out `expires_in`. For eight hours each refresh was the last one."""
    device, service = registered()
    device.it.service.expires = lambda credential: 1 << 40
    statuses = []
    for _ in range(24 * 4):
        device.sleep(900)
        device.port.now = device.time()
        service.revoked = len(statuses) % 4 == 3
        statuses.append(device.run(get))
    assert statuses == [200] * 96 and service.number == 25


def test_one_that_is_denied_from_boot_to_boot_does_not_wear_flash():
    """A service that denies what it has just given: at most one refresh in `retry.cap`."""
    device, service = registered()
    device.net.answer = lambda it: (401, None) if it.path == "/data" else service(it)
    for _ in range(60):
        device.sleep(60)
        device.boot()
        device.port.now = device.time()
        try:
            device.run(get)
        except enroll.EnrollError as error:
            assert error.kind == "refused"
    assert service.number <= 6, service.number
