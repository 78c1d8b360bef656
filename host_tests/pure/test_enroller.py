"""The state machine: what is sent, what is kept, and what is said, from one boot to the next."""

import asyncio
import json

import enroll
import enroll.clock
from enroll.credential import KEPT, RAW, REFUSED, TRIED, recall
from enroll.enroller import Enroller
from enroll.errors import EnrollError
from enroll.store import Store
from helpers import SECTIONS, Fake, config, folder, raises, read, saved, settings

NOW = 1795000000  # November 2026
GOOD = {
    "etherfax": {"DeviceToken": "token-canary"},
    "ickstream": {"jsonrpc": "2.0", "id": 1, "result": {"id": "device-1", "accessToken": "token-canary"}},
    "xyte": {"id": "device-1", "access_key": "token-canary", "hub_url": "http://hub"},
    "centagate": {"code": 0, "object": {}},
}
ONCE = ("etherfax", "xyte")  # register once and never tell again


class Port:
    """A board whose link is up and whose clock is right."""

    def __init__(self, store=Store):
        self.store = store
        self.connected = 0
        self.clock = None
        self.slept = []
        self.fed = 0

    def identity(self):
        return {}

    def connect(self, networks):
        self.connected += 1
        clock = __import__("enroll.clock", None, None, ("ask",))  # the module that is used next
        self._ask, self._clock = clock.ask, clock
        clock.ask = self._time
        return ()

    def _time(self, config):
        self._clock.ask = self._ask
        return NOW
        yield

    def set_clock(self, unix):
        self.clock = unix

    def feed(self):
        self.fed += 1

    def sleep(self, seconds):
        self.slept.append(seconds)


class Service:
    """A function like urequests'; answers one after another: (status, body or bytes), with headers, or an exception."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.open = 0

    def __call__(self, method, url, **more):
        self.requests.append((method, url, more))
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        status, body, *headers = answer
        self.open += 1
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return Fake(status_code=status, content=content, headers=dict(*headers), close=self.close)

    def close(self):
        self.open -= 1


class Device:
    """A device of one configuration, through several boots; `lines` is all that was logged."""

    def __init__(self, provider, section=None, **top):
        self.it = config(provider, section, store=folder() + "/state", **top)
        self.lines = []

    def boot(self, *answers, port=None):
        """One attempt: its Action."""
        self.port = port or Port()
        self.service = Service(*answers)
        self.enroller = Enroller(self.it, self.port, request=self.service, log=self.lines.append)
        try:
            return self.enroller.step(0)
        finally:
            self.enroller.close()
            assert self.service.open == 0, "a response is left open"
            assert not [line for line in self.lines if "canary" in line or "\n" in line], self.lines

    def refused(self, kind, *answers):
        """One attempt that fails with `kind`."""
        action = self.boot(*answers)
        assert action.name == "wait" and action.error.kind == kind, (action.name, action.error)
        return action

    def state(self):
        return recall(self.it, Store(self.it.store))[0]


def test_a_first_boot_registers_and_a_second_one_sends_nothing():
    for provider in SECTIONS:
        device = Device(provider)
        action = device.boot((201, GOOD[provider]))
        assert action.name == "registered"
        assert action.credential.provider == provider
        assert len(device.service.requests) == 1
        assert device.port.clock == NOW
        assert device.state() == KEPT
        again = device.boot()
        assert again.name == "registered"
        assert again.credential.secret.reveal() == action.credential.secret.reveal()
        assert not device.service.requests and not device.port.connected
        assert enroll.stored(device.it).device_id == action.credential.device_id


def test_an_injected_client_gets_the_arguments_of_urequests_and_nothing_else():
    for provider in SECTIONS:
        device = Device(provider, timeout=7)
        device.boot((200, GOOD[provider]))
        ((method, url, more),) = device.service.requests
        assert method in ("GET", "POST", "PUT") and url.startswith("http://localhost/api")
        assert not [key for key in more if key not in ("data", "headers", "timeout")]
        assert more["timeout"] == 7
        if method != "GET":
            assert json.loads(more["data"])
            assert more["headers"]["Content-Type"].startswith("application/json")


def test_an_attempt_is_made_when_it_is_due_and_not_before():
    device = Device("xyte", retry={"first": 10, "cap": 60})
    device.boot((503, b""))
    enroller = device.enroller
    at = enroller.step(0).at
    assert 0 <= at <= 10
    device.service.answers = [(200, GOOD["xyte"])]
    if at:
        assert enroller.step(at / 2).name == "wait" and len(device.service.requests) == 1
    assert enroller.step(at).name == "registered"


def test_retry_after_is_obeyed_in_seconds_and_as_a_date():
    for name in ("Retry-After", "retry-after"):
        for value in ("120", "Wed, 18 Nov 2026 11:08:40 GMT"):
            seconds = enroll.clock.http_date(value) - NOW if "," in value else 120
            device = Device("xyte", retry={"first": 5, "cap": 60})
            action = device.refused("server", (503, b"", {name: value}))
            assert seconds <= action.at <= seconds + 5, (value, action.at)


def test_a_retry_after_that_is_nonsense_is_ignored():
    device = Device("xyte", retry={"first": 5, "cap": 60})
    assert device.refused("server", (503, b"", {"Retry-After": "soon"})).at <= 5


def test_refusals_are_asked_again_slowly():
    for status in (403, 404, 401):
        action = Device("xyte").boot((status, b""))
        assert 450 <= action.at <= 900


def test_a_definite_refusal_stays_a_refusal_after_a_reboot():
    for provider in ONCE:
        device = Device(provider)
        for _ in range(3):
            device.refused("refused", (403, b""))
            assert device.state() == REFUSED
        assert device.boot((200, GOOD[provider])).name == "registered"


def test_a_lost_answer_and_a_refusal_make_an_orphan():
    for provider in ONCE:
        for lost in (OSError(104, "reset"), (500, b""), (502, b"<html>"), ValueError("library")):
            device = Device(provider)
            action = device.boot(lost)
            assert action.error.kind in ("network", "server")
            assert device.state() == TRIED
            for _ in range(2):
                error = device.refused("orphaned", (403, b"")).error
                assert "portal" in str(error)
            assert device.boot((200, GOOD[provider])).name == "registered"


def test_a_refusal_then_a_lost_answer_make_an_orphan():
    device = Device("etherfax")
    device.refused("refused", (403, b""))
    device.refused("network", OSError(104, "reset"))
    assert device.state() == TRIED
    device.refused("orphaned", (403, b""))


def test_being_asked_to_wait_makes_no_orphan():
    for status in (429, 503):
        device = Device("etherfax")
        device.refused("server", (status, b""))
        device.refused("refused", (403, b""))
        device.refused("refused", (403, b""))


def test_services_that_may_be_asked_again_have_no_orphans():
    for provider in ("ickstream", "centagate"):
        device = Device(provider)
        device.refused("network", OSError(104, "reset"))
        device.refused("refused", (401, b""))


def test_centagate_29008_after_a_lost_answer_is_success():
    device = Device("centagate")
    device.refused("network", OSError(104, "reset"))
    assert device.boot((200, {"code": "29008"})).name == "registered"


def test_centagate_29008_at_first_is_a_refusal():
    device = Device("centagate")
    device.refused("refused", (200, {"code": 29008}))
    device.refused("refused", (200, {"code": 29008}))


def test_an_answer_that_is_not_understood_stays_stored():
    for provider in SECTIONS:
        device = Device(provider)
        device.refused("answer", (200, b'{"token": "in another place"}'))
        assert device.state() == RAW
        assert Store(device.it.store).load()[2] == b'{"token": "in another place"}'


def test_a_stored_answer_is_used_on_the_next_boot_without_a_packet():
    for provider in ONCE:
        device = Device(provider)
        whole = json.dumps(GOOD[provider]).encode()
        device.boot((200, whole))
        store = Store(device.it.store)
        _, who, _ = store.load()
        store.save(RAW, who, whole)
        action = device.boot()
        assert action.name == "registered" and not device.service.requests
        assert action.credential.secret.reveal() == "token-canary"
        assert device.state() == KEPT


def test_a_refusal_does_not_overwrite_a_stored_answer():
    device = Device("xyte")
    device.refused("answer", (200, b"not understood"))
    device.refused("orphaned", (422, b""))
    device.boot(OSError(104, "reset"))
    assert device.state() == RAW


def test_the_answer_is_on_flash_before_it_is_parsed():
    seen = []
    device = Device("etherfax")
    service = device.it.service
    parse = service.parse

    def spy(it, answer):
        seen.append(Store(it.store).load()[0])
        return parse(it, answer)

    service.parse = spy
    try:
        device.boot((200, GOOD["etherfax"]))
    finally:
        service.parse = parse
    assert seen == [RAW]


def test_the_slot_says_tried_before_the_first_request_leaves():
    device = Device("etherfax")
    seen = []

    class Spy(Service):
        def __call__(self, *args, **more):
            seen.append(device.state())
            return super().__call__(*args, **more)

    Enroller(device.it, Port(), request=Spy((200, GOOD["etherfax"]))).step(0)
    assert seen == [TRIED]


def test_flash_that_cannot_be_written_stops_before_anything_is_sent():
    class ReadOnly(Store):
        def save(self, *_):
            raise EnrollError("storage", "read-only")

    device = Device("etherfax")
    assert raises("storage", device.boot, port=Port(ReadOnly))
    assert not device.service.requests


def test_a_token_that_flash_does_not_take_at_first_is_kept_without_asking_again():
    class Moody(Store):
        bad = True

        def save(self, state, *rest):
            if state in (RAW, KEPT) and Moody.bad:
                raise EnrollError("storage", "full")
            super().save(state, *rest)

    device = Device("etherfax")
    action = device.boot((200, GOOD["etherfax"]), port=Port(Moody))
    assert action.name == "wait" and action.error.kind == "storage"
    assert device.enroller.step(action.at).name == "wait"
    Moody.bad = False
    action = device.enroller.step(1e9)
    assert action.name == "registered" and action.credential.secret.reveal() == "token-canary"
    assert device.state() == KEPT and len(device.service.requests) == 1


def test_memory_that_runs_out_is_an_error_like_any_other():
    device = Device("etherfax")
    device.refused("memory", MemoryError())
    assert device.boot((200, GOOD["etherfax"])).name == "registered"


def test_a_used_registration_token_is_erased_from_the_file():
    path = saved(settings("ickstream"))
    device = Device("ickstream")
    device.it = enroll.Config.load(path)
    device.boot((200, GOOD["ickstream"]))
    assert b"once-canary" not in read(path)
    device.it = enroll.Config.load(path)
    assert device.boot().name == "registered"


def test_a_registration_token_stays_where_registering_fails():
    path = saved(settings("ickstream"))
    device = Device("ickstream")
    device.it = enroll.Config.load(path)
    device.boot((401, b""))
    assert b"once-canary" in read(path)


def test_what_the_board_cannot_fill_in_is_told_at_once():
    it = config("etherfax", {"serial": None})
    assert "serial" in str(raises("configuration", Enroller, it, Port()))


def test_a_configuration_that_the_service_refuses_is_asked_again():
    device = Device("xyte")
    device.refused("configuration", (400, b""))
    assert device.boot((200, GOOD["xyte"])).name == "registered"


def test_a_missing_registration_token_is_told_to_the_caller():
    device = Device("ickstream", {"registration_token": None})
    raises("configuration", device.boot)
    assert not device.service.requests


def test_run_tries_until_it_is_registered():
    device = Device("xyte", retry={"first": 1, "cap": 2})
    service = Service((500, b""), OSError(104, "reset"), (429, b""), (200, GOOD["xyte"]))
    port = Port()
    found = enroll.run(device.it, port, request=service, log=device.lines.append)
    assert found.secret.reveal() == "token-canary"
    assert len(service.requests) == 4 and port.connected == 4
    assert max(port.slept) <= 0.25 and port.fed >= len(port.slept)
    assert not [line for line in device.lines if "canary" in line]


def test_arun_tries_until_it_is_registered():
    device = Device("xyte", retry={"first": 0.01, "cap": 0.01})
    service = Service((500, b""), (200, GOOD["xyte"]))
    found = asyncio.run(enroll.arun(device.it, Port(), request=service))
    assert found.secret.reveal() == "token-canary" and len(service.requests) == 2


def test_forget_and_register_again():
    device = Device("xyte")
    device.boot((200, GOOD["xyte"]))
    enroll.forget(device.it)
    assert enroll.stored(device.it) is None
    assert device.boot((200, GOOD["xyte"])).name == "registered"
    assert len(device.service.requests) == 1
