"""A device whose enroll.json names another address than the one it has registered at."""

import json

import enroll
from answers import GOOD
from enroll.commit import Journal
from enroll.journal import KEPT, RAW, identity, recall
from fake_device import Device
from flash import EIO, Flash
from helpers import SECTIONS, config, raises
from power import CLEAN, Failure, cut_everywhere

OLD, NEW = "http://localhost/api", "http://new.example.com/api"


def moved(provider, **top):
    """A device that has registered at OLD and has got an enroll.json with NEW."""
    device = Device(provider)
    device.boot((200, GOOD[provider]))
    store = device.it.store
    device.before = device.it
    device.it = config(provider, url=NEW, store=store, **top)
    return device


def record(device):
    state, who, body = Journal(device.it.store).load()
    return state, who, json.loads(body)


def test_it_neither_says_registered_nor_registers_twice():
    for provider in SECTIONS:
        device = moved(provider)
        before = record(device)
        for _ in range(2):
            text = str(raises("configuration", device.boot))
            assert OLD in text and NEW in text and "moved_from" in text and "forget" in text
            assert not device.service.requests and not device.port.connected
        raises("configuration", enroll.stored, device.it, device.port)
        raises("configuration", enroll.run, device.it, device.port)
        raises("configuration", enroll.Session, device.it, device.port)
        assert record(device) == before
        device.it = device.before
        assert device.boot().name == "registered"


def test_an_answer_that_nobody_has_read_is_bound_to_its_address_too():
    device = Device("xyte")
    device.refused("answer", (200, b'{"id": 5}'))
    device.it = config("xyte", url=NEW, store=device.it.store)
    assert OLD in str(raises("configuration", device.boot))


def test_a_factory_reset_lets_it_register_there():
    for provider in SECTIONS:
        device = moved(provider)
        enroll.forget(device.it, device.port)
        assert device.boot((200, GOOD[provider])).name == "registered"
        assert len(device.service.requests) == 1


def test_where_the_service_has_moved_the_credential_is_good_and_is_kept_with_the_new_address():
    for provider in SECTIONS:
        device = moved(provider, moved_from=[OLD])
        secret = enroll.stored(device.it, device.port).secret.reveal()
        assert device.boot().credential.secret.reveal() == secret and not device.service.requests
        assert record(device)[:2] == (KEPT, identity(device.it))
        before = [device.boot().name, record(device)]
        assert before == ["registered", record(device)], "once is enough"
        device.it = config(provider, url=NEW, store=device.it.store)
        assert device.boot().credential.secret.reveal() == secret, "`moved_from` may go then"


def test_when_it_last_registered_again_stays_known_where_a_service_has_moved():
    device = moved("xyte", moved_from=[OLD])
    store = Journal(device.it.store)
    _, who, body = store.load()
    store.save(KEPT, who, json.dumps(json.loads(body)[:3] + [1795000123]).encode())
    device.boot()
    assert record(device)[2][3] == 1795000123 and enroll.stored(device.it, device.port).renewed == 1795000123


def test_power_that_fails_while_it_is_kept_with_the_new_address_costs_nothing():
    before = config("etherfax", store="state")
    after = config("etherfax", url=NEW, store="state", moved_from=[OLD])
    other = identity(config("etherfax", {"serial": "other"}))
    body = b'["MT873615726", "token-canary", {}, 0]'
    for newer in (None, (1, other, b""), (RAW, identity(before), b"<html>")):

        def make(newer=newer):
            flash = Flash()
            with flash:
                store = Journal("state")
                store.prepare()
                store.load()
                store.save(KEPT, identity(before), body)
                if newer:
                    store.save(*newer)
            return flash

        def keeps(flash):
            with flash:
                store = Journal("state")
                found = recall(after, store)[1]
                assert found.secret.reveal() == "token-canary"
                store.save(KEPT, identity(after), found.encode(), True)

        def check(flash, point):
            with flash:
                assert recall(after, Journal("state"))[1].secret.reveal() == "token-canary"

        assert len(cut_everywhere(make, keeps, check, (CLEAN, Failure("torn", EIO)))) > 10
