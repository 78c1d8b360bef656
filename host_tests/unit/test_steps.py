"""A provider's other steps: Wait, Show, Keep; and answers that are not the last."""

import enroll
from enroll.commit import Journal
from enroll.credential import Credential
from enroll.errors import EnrollError
from enroll.journal import KEPT, RAW, REFUSED, TRIED, identity
from enroll.providers import Request, need
from enroll.providers.other_steps import Keep, Show, Wait
from enroll.steps import kept
from fake_device import Device, Port, counting
from helpers import config, folder, raises

FINAL = (200, {"id": "device-1", "token": "token-canary"})
PENDING = (202, {"operation": "7"})


class Polled:
    """A provider that asks until the service has decided, and keeps which operation it asks for."""

    TABLE = "serial@I"
    ANSWER = 256
    ONCE = True

    def __init__(self, interval=3):
        self.interval = interval

    def register(self, config, now):
        if "operation" not in (yield Keep()):
            answer = yield Request("POST", config.url + "/devices", b"name=A+B", {"Content-Type": "form"})
            yield Show("approve this device", "ABCD", "https://localhost/approve")
            yield Keep({"operation": answer.json()["operation"]})
        while True:
            yield Wait(self.interval)
            yield Request("GET", config.url + "/operations")

    def pending(self, config, answer):
        return answer.status == 202

    def parse(self, config, answer):
        extra = answer.json("\nrefused: ask somebody\n403 no")
        return Credential(config, *need(extra, "id", "token"), extra)

    def headers(self, credential, now):
        return {"Authorization": "Bearer %s %d" % (credential.secret.reveal(), now)}


def polled(**more):
    device = Device("etherfax")
    device.it.service = Polled(**more)
    return device


def saved_by(device, *answers):
    """The states that one attempt has written to the journal, and its Action."""
    saves = []
    action = device.boot(*answers, port=Port(counting(saves)))
    return [state for _, state in saves], action


def test_it_polls_until_the_service_has_decided():
    device = polled()
    action = device.boot(PENDING, PENDING, PENDING, FINAL)
    assert action.credential.device_id == "device-1" and sum(device.port.slept) == 9
    assert [method for method, _, _ in device.service.requests] == ["POST", "GET", "GET", "GET"]
    assert device.service.requests[0][2] == {"data": b"name=A+B", "headers": {"Content-Type": "form"}, "timeout": 20}
    assert device.boot().name == "registered", "the second boot asks nobody"


def test_polling_does_not_wear_flash_and_only_the_last_answer_is_saved():
    """Three records of a registration, however often it asks."""
    device = polled()
    states, action = saved_by(device, *[PENDING] * 9 + [FINAL])
    assert action.name == "registered" and states == [TRIED, RAW, KEPT]


def test_a_reset_goes_on_polling_instead_of_starting_over():
    device = polled()
    device.refused("network", PENDING, OSError(104))
    assert device.boot(PENDING, FINAL).name == "registered"
    assert [method for method, _, _ in device.service.requests] == ["GET", "GET"]


def test_a_device_that_sleeps_does_so_while_the_service_decides():
    """It stays awake for 30 s of waiting, and leaves the rest to a later wake."""
    device = polled(interval=20)
    action = device.refused("server", PENDING, PENDING)
    assert sum(device.port.slept) == 20 and 20 <= action.at <= 47, (device.port.slept, action.at)
    assert device.boot(FINAL).name == "registered"
    assert [method for method, _, _ in device.service.requests] == ["GET"]


def test_a_refusal_after_an_attempt_that_ended_undecided_is_no_orphan():
    """Its outcome is known, and written once, however often it asks later."""
    device = polled(interval=20)
    written = [saved_by(device, *[PENDING] * 2)[0] for _ in range(3)]
    assert written == [[TRIED, REFUSED], [], []], written
    device.refused("refused", (403, b""))


def test_an_attempt_that_ends_undecided_does_not_find_an_answer_that_was_lost_before():
    device = polled(interval=20)
    device.refused("network", PENDING, OSError(104))
    device.refused("server", PENDING, PENDING)
    device.refused("orphaned", (403, b""))


def test_no_wait_is_longer_than_a_day():
    """As Retry-After is obeyed up to a day, see backoff.py."""
    action = polled(interval=365 * 86400).refused("server", PENDING)
    assert action.error.retry_after == 86400


def test_a_refusal_after_polling_is_no_orphan():
    device = polled()
    states, action = saved_by(device, PENDING, PENDING, (403, b""))
    assert action.error.kind == "refused" and states == [TRIED, REFUSED]


def test_an_answer_lost_while_polling_makes_an_orphan():
    device = polled()
    device.refused("network", PENDING, OSError(104))
    device.refused("orphaned", (403, b""))


def test_what_to_do_is_shown_and_logged():
    shown = []
    port = Port()
    port.show = lambda *more: shown.append(more)
    device = polled()
    device.boot(PENDING, FINAL, port=port)
    assert shown == [("approve this device", "ABCD", "https://localhost/approve")]
    assert "approve this device: code ABCD at https://localhost/approve" in device.lines


def test_what_is_to_be_kept_of_an_answer_is_kept_before_an_interrupt_ends_the_attempt():
    """The answer may be one that the service gives only once."""

    device = polled()
    device.interrupted(PENDING)
    assert kept(device.it) == {"operation": "7"}


def test_a_display_that_fails_changes_nothing():
    def show(*_):
        raise RuntimeError("no display")

    port = Port()
    port.show = show
    device = polled()
    assert device.boot(PENDING, FINAL, port=port).name == "registered"
    assert "RuntimeError no display" in device.lines


def test_fields_are_kept_for_this_device_at_this_address():
    it = config("etherfax", store=folder() + "/state")
    assert kept(it) == {}
    assert kept(it, {"token": "a-canary"}) == {"token": "a-canary"} == kept(it)
    assert kept(it, {"other": [1, None]}) == kept(it) == {"other": [1, None]}, "they replace each other"
    other = config("etherfax", {"serial": "another"}, store=it.store)
    assert kept(other) == {} == kept(config("etherfax", url="http://elsewhere", store=it.store))


def test_fields_that_are_there_already_are_not_written_again():
    it = config("etherfax", store=folder() + "/state")
    kept(it, {"n": 1})
    slots = Journal(it.store + "/c0")
    slots.load()
    before = slots.next
    kept(it, {"n": 1})
    slots.load()
    assert slots.next == before


def test_a_reset_forgets_them():
    it = config("etherfax", store=folder() + "/state")
    kept(it, {"token": "a-canary"})
    enroll.forget(it, Port())
    assert kept(it) == {}


def test_damage_is_as_good_as_nothing():
    """A power cut in the middle of the very first write."""
    it = config("etherfax", store=folder() + "/state")
    kept(it, {"n": 1})
    for slot in (0, 1):
        with open("%s/c0/%d/slot" % (it.store, slot), "r+b") as file:
            file.write(b"ENR\x01broken")
    assert kept(it) == {}
    assert kept(it, {"n": 2}) == kept(it) == {"n": 2}


def test_a_record_that_cannot_be_read_is_as_good_as_nothing():
    it = config("etherfax", store=folder() + "/state")
    kept(it, {"n": 1})
    for body in (b'{"n": i}', b"[]", b"", b"\xff"):
        slots = Journal(it.store + "/c0")
        slots.load()
        slots.save(KEPT, identity(it), body)
        assert kept(it) == {}, body
    assert kept(it, {"n": 2}) == kept(it) == {"n": 2}


def test_what_could_not_be_read_back_is_not_kept():
    """MicroPython writes infinity, which it reads from 1e999, as inf, and cannot read that. CPython can."""
    it = config("etherfax", store=folder() + "/state")
    kept(it, {"n": 1})
    endless = {"n": float("inf")}
    try:
        assert kept(it, endless) == kept(it) == endless
    except EnrollError as error:
        assert error.kind == "answer" and kept(it) == {"n": 1}


def test_flash_that_does_not_take_them_is_a_storage_error():
    store = folder() + "/file"
    with open(store, "w"):
        pass
    raises("storage", kept, config("etherfax", store=store), {"n": 1})


def test_what_authorises_knows_the_time():
    it = config("etherfax")
    it.service = Polled()
    assert Credential(it, "d", "token", {}).headers(17) == {"Authorization": "Bearer token 17"}
