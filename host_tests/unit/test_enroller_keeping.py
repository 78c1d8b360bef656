"""The state machine: what is on flash at each moment, so no answer is lost."""

import json

import enroll
from answers import GOOD, ONCE
from enroll.commit import Journal
from enroll.enroller import Enroller
from enroll.errors import EnrollError
from enroll.journal import KEPT, RAW, REFUSED, TRIED
from fake_device import Device, Port, Service
from helpers import SECTIONS, raises, read, saved, settings


def test_an_answer_that_is_not_understood_stays_stored():
    for provider in SECTIONS:
        device = Device(provider)
        device.refused("answer", (200, b'{"token": "in another place"}'))
        assert device.state() == RAW
        assert Journal(device.it.store).load()[2] == b'{"token": "in another place"}'


def test_a_stored_answer_is_used_on_the_next_boot_without_a_packet():
    for provider in ONCE:
        device = Device(provider)
        whole = json.dumps(GOOD[provider]).encode()
        device.boot((200, whole))
        store = Journal(device.it.store)
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
        seen.append(Journal(it.store).load()[0])
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
    class ReadOnly(Journal):
        def save(self, *_):
            raise EnrollError("storage", "read-only")

    device = Device("etherfax")
    assert raises("storage", device.boot, port=Port(ReadOnly))
    assert not device.service.requests


def test_a_token_that_flash_does_not_take_at_first_is_kept_without_asking_again():
    class Moody(Journal):
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


def test_a_credential_that_flash_never_takes_stays_in_the_answer():
    class Worn(Journal):
        def save(self, state, *rest):
            if state == KEPT:
                raise EnrollError("storage", "worn")
            super().save(state, *rest)

    device = Device("etherfax")
    assert device.boot((200, GOOD["etherfax"]), port=Port(Worn)).credential.secret.reveal() == "token-canary"
    assert device.state() == RAW and enroll.stored(device.it, device.port).secret.reveal() == "token-canary"


def test_an_attempt_that_flash_does_not_take_down_is_remembered_until_the_next_boot():
    class Forgetful(Journal):
        def save(self, state, *rest):
            if state == TRIED and device.state() == REFUSED:
                raise EnrollError("storage", "full")
            super().save(state, *rest)

    device = Device("etherfax")
    action = device.boot((403, b""), OSError(104, "reset"), (403, b""), port=Port(Forgetful))
    assert action.error.kind == "refused"
    action = device.enroller.step(1e9)
    assert action.error.kind == "network" and device.state() == REFUSED
    assert device.enroller.step(2e9).error.kind == "orphaned"
    device.enroller.close()


def test_the_next_slot_is_taken_before_each_request_leaves():
    events = []

    class Watched(Journal):
        def begin(self):
            super().begin()
            events.append("begun")

        def save(self, *record):
            super().save(*record)
            events.append("saved")

    class Spy(Service):
        def __call__(self, *args, **more):
            events.append("request")
            return super().__call__(*args, **more)

    device = Device("etherfax")
    enroller = Enroller(device.it, Port(Watched), request=Spy((429, b""), (429, b""), (200, GOOD["etherfax"])))
    at = 0
    for _ in range(3):
        at = enroller.step(at).at
    enroller.close()
    assert events.count("request") == 3
    for place, event in enumerate(events):
        assert event != "request" or events[place - 1] == "begun", events


def test_memory_that_runs_out_once_the_answer_is_on_flash_costs_no_second_request():
    device = Device("etherfax")
    service = device.it.service
    parse = service.parse

    def hungry(it, answer):
        service.parse = parse
        raise MemoryError

    service.parse = hungry
    try:
        action = device.boot((200, GOOD["etherfax"]))
    finally:
        service.parse = parse
    assert action.error.kind == "memory"
    assert device.enroller.step(action.at).name == "registered"
    assert len(device.service.requests) == 1


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


def test_forget_and_register_again():
    device = Device("xyte")
    device.boot((200, GOOD["xyte"]))
    enroll.forget(device.it, device.port)
    assert enroll.stored(device.it, device.port) is None
    assert device.boot((200, GOOD["xyte"])).name == "registered"
    assert len(device.service.requests) == 1


def test_centagate_counts_29008_as_done_after_a_busy_server_and_not_after_a_refusal():
    """Power may have failed while the answer to the attempt in between was on its way."""
    device = Device("centagate")
    device.refused("server", (503, b""))
    assert device.boot((200, {"code": "29008"})).name == "registered"
    device = Device("centagate")
    device.refused("refused", (200, {"code": "29002"}))
    device.refused("refused", (200, {"code": "29008"}))
