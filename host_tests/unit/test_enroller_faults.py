"""The state machine: only configuration and storage end it, and no credential is lost."""

import asyncio
import sys

import enroll
from answers import GOOD, ONCE
from enroll import failed
from enroll.commit import Journal
from enroll.enroller import Enroller
from enroll.errors import EnrollError
from enroll.journal import KEPT, RAW, REFUSED, TRIED
from fake_device import Device, Port, Service
from flash import Flash
from helpers import SECTIONS, Fake, config, folder, patched, raises, read, saved, settings
from install import installed
from wire import Wire

KINDS = (TypeError, AttributeError, KeyError, RuntimeError, ValueError, IndexError, OSError, ZeroDivisionError)


class Odd(Exception):
    """An unknown exception."""


def failing(error):
    def fail(*_, **__):
        raise error

    return fail


def later(error):
    """A task that raises."""
    yield 0
    raise error


def test_what_a_driver_raises_is_waited_out():
    for kind in KINDS + (Odd,):
        for part in ("connect", "set_clock"):
            for what in (failing(kind("x")), lambda *_, kind=kind: later(kind("x"))):
                device = Device("xyte")
                port = Port()
                if part == "connect":
                    port.connect = what
                else:
                    port.set_clock = failing(kind("x"))
                action = device.boot((200, GOOD["xyte"]), port=port)
                assert action.name == "wait" and action.error.kind == "network", action.error
                assert kind.__name__ in str(action.error) and not device.service.requests
                assert device.boot((200, GOOD["xyte"])).name == "registered"


def test_what_a_client_raises_leaves_an_attempt_whose_outcome_is_unknown():
    for kind in KINDS + (Odd,):
        for provider in ONCE:
            device = Device(provider)
            assert "network" in str(device.refused("network", kind("x")).error)
            assert device.state() == TRIED
            device.refused("orphaned", (403, b""))


def test_an_answer_that_breaks_a_provider_is_kept():
    for kind in KINDS + (Odd,):
        device = Device("etherfax")
        with patched(device.it.service, parse=failing(kind("x"))):
            action = device.boot((200, GOOD["etherfax"]))
            assert action.name == "wait" and action.error.kind == "answer", action.error
            assert len(device.service.requests) == 1
        assert device.boot().name == "registered" and not device.service.requests


def test_a_registered_device_is_registered_whatever_its_provider_cannot_clean_up():
    for kind in KINDS + (Odd, MemoryError):
        device = Device("ickstream")
        with patched(device.it.service, finish=failing(kind("x"))):
            assert device.boot((200, GOOD["ickstream"])).name == "registered"
        assert [line for line in device.lines if kind.__name__ in line]


_sleep = asyncio.sleep


async def moment(seconds):
    """Stands for asyncio's sleep: the seconds between attempts are of no interest here."""
    await _sleep(0)


def test_run_and_arun_outlast_everything():
    errors = [kind("x") for kind in KINDS]
    for asynchronous in (False, True):
        it = config("xyte", store=folder() + "/state", retry={"first": 1, "cap": 1})
        service = Service(*errors, (200, GOOD["xyte"]))
        port = Port()
        calls = list(errors)

        def connect(networks, calls=calls, real=port.connect):
            if calls:
                raise calls.pop()
            return real(networks)

        port.connect = connect
        if asynchronous:
            with patched(asyncio, sleep=moment):
                found = asyncio.run(enroll.arun(it, port, request=service))
        else:
            found = enroll.run(it, port, request=service)
        assert found.secret.reveal() == "token-canary"
        assert len(service.requests) == len(errors) + 1


def test_what_ends_a_pause_between_attempts_leaves_no_file_open():
    """The next slot is open then, for the answer that did not come."""
    port = Port()
    port.sleep = failing(Odd("enough"))
    with Flash() as flash:
        raises(Odd, enroll.run, config("etherfax", store="state"), port, request=Service(OSError(104, "reset")))
        assert flash.slots and not flash.opened


def test_the_link_is_taken_down_after_three_failures_in_a_row():
    for drop in (None, KeyError("driver")):
        device = Device("xyte")
        port = Port()
        dropped = []

        def down(drop=drop, dropped=dropped):
            dropped.append(1)
            if drop:
                raise drop

        port.drop = down
        enroller = Enroller(device.it, port, request=Service(*[OSError(5)] * 7), log=device.lines.append)
        for number in range(1, 8):
            action = enroller.step(number * 1e6)
            assert action.error.kind == "network" and len(dropped) == number // 3
        enroller.close()


def test_where_no_network_is_joined_the_wait_only_doubles():
    """A router that needs 90 s to start must not cost minutes. `scan`: whether a person can give it another network."""
    for scan, away, later in (
        (False, 4, [45, 405, 450]),  # as after one failure that has joined
        (True, 5, [405, 450, 450]),  # as after two
    ):
        port = Port()
        join = port.connect
        dropped = []
        port.drop = lambda dropped=dropped: dropped.append(1)
        if scan:
            port.scan = lambda: []
        it = Enroller(config("xyte", store=folder() + "/state"), port, request=Service(*[(503, b"")] * 3))
        spans, now = [], 0
        with patched(failed, os=Fake(urandom=lambda size: b"\xff" * size)):
            for number in range(away + 3):
                port.connect = failing(EnrollError("network", "no router")) if number < away else join
                at = it.step(now).at
                spans.append(at - now)
                now = at
        it.close()
        assert spans == [5, 10, 20, 40, 80][:away] + later
        assert len(dropped) == 1, "after three that have not"


def test_a_device_without_a_network_ends_unless_a_person_can_give_it_one():
    for scan in (False, True):
        port = Port()
        port.connect = failing(EnrollError("configuration", "no Wi-Fi in enroll.json"))
        if scan:
            port.scan = lambda: []
        it = Enroller(config("xyte", store=folder() + "/state"), port)
        if scan:
            assert it.step(0).error.kind == "configuration"
        else:
            raises("configuration", it.step, 0)
        it.close()


def test_a_mistake_in_the_configuration_ends_it_though_a_person_could_give_it_a_network():
    port = Port()
    port.scan = lambda: []
    port.set_clock = failing(EnrollError("configuration", "wrong"))
    it = Enroller(config("xyte", store=folder() + "/state"), port)
    assert "wrong" in str(raises(EnrollError, it.step, 0))
    it.close()


def test_a_board_without_memory_waits_a_random_part_of_cap_where_no_network_is_joined_too():
    port = Port()
    port.memory = lambda data=None: None
    port.connect = failing(EnrollError("network", "no router"))
    for _ in range(3):  # wakes
        it = Enroller(config("xyte", store=folder() + "/state"), port)
        with patched(failed, os=Fake(urandom=lambda size: b"\x80" + bytes(size - 1))):
            assert it.step(0).at == 451
        it.close()


def test_a_service_that_answers_proves_that_the_link_is_up():
    port = Port()
    port.drop = failing(AssertionError("dropped"))
    enroller = Enroller(config("xyte", store=folder() + "/state"), port, request=Service(*[(403, b"")] * 7))
    for number in range(1, 8):
        assert enroller.step(number * 1e6).error.kind == "refused"
    enroller.close()


def test_refusals_of_a_mistyped_serial_say_nothing_of_the_right_one():
    for provider, key in (("etherfax", "serial"), ("xyte", "sn")):
        for tries in (1, 2, 3, 4):
            device = Device(provider, {key: "mistyped"})
            for _ in range(tries):
                device.refused("refused", (403, b""))
            device.it = config(provider, store=device.it.store)
            for _ in range(3):
                device.refused("refused", (403, b""))
            assert device.boot((200, GOOD[provider])).name == "registered"


def test_an_unknown_outcome_at_another_address_makes_no_orphan_here():
    device = Device("etherfax")
    device.refused("network", OSError(104, "reset"))
    device.it = config("etherfax", url="http://other", store=device.it.store)
    device.refused("refused", (403, b""))
    device.it = config("etherfax", store=device.it.store)
    assert device.boot((403, b"")).error.kind in ("refused", "orphaned")


def boot(it, *pieces, port=None):
    """One attempt over the library's own client."""
    enroller = Enroller(it, port or Port())
    with installed(Wire(*pieces)):
        action = enroller.step(0)
    enroller.close()
    return action


def test_a_cut_answer_that_is_kept_says_so():
    for provider in SECTIONS:
        for end in (OSError(104, "reset"), MemoryError()):
            it = config(provider, store=folder() + "/state")
            action = boot(it, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", b'{"Devi', end)
            assert action.error.kind == ("network" if isinstance(end, OSError) else "memory")
            said = "cut short" in str(action.error) and it.store in str(action.error)
            assert said or isinstance(end, MemoryError), action.error
            assert Journal(it.store).load()[2] == b'{"Devi'


LITERAL = b'"a": 1e999, "b": [-1e999], "e": 1e39, "f": [{"g": 1e39}], "good": "kept", "n": 5'


def test_numbers_that_cannot_be_kept_cost_no_credential():
    """On chips a float has 32 bits: 1e39 is infinite there."""
    answers = {
        "etherfax": b'{"DeviceToken": "token-canary", %s}' % LITERAL,
        "ickstream": b'{"jsonrpc": "2.0", "id": 1, "result": {"id": "d", "accessToken": "token-canary", %s}}' % LITERAL,
        "xyte": b'{"id": "d", "access_key": "token-canary", "hub_url": "http://hub", %s}' % LITERAL,
        "centagate": b'{"code": 0, "object": {%s}}' % LITERAL,
    }
    for provider, body in answers.items():
        path = saved(settings(provider))
        device = Device(provider)
        device.it = enroll.Config.load(path)
        action = device.boot((200, body))
        assert action.name == "registered"
        device.it = enroll.Config.load(path)
        found = enroll.stored(device.it, device.port)
        assert found.secret.reveal() == action.credential.secret.reveal()
        assert found.extra["good"] == "kept" and found.extra["n"] == 5
        assert device.boot().name == "registered" and not device.service.requests
        assert device.state() == KEPT
        assert provider != "ickstream" or b"once-canary" not in read(path)


def test_nothing_is_erased_before_the_record_reads_back():
    """Its bytes are valid, but not those that were to be kept."""
    path = saved(settings("ickstream"))
    device = Device("ickstream")
    device.it = enroll.Config.load(path)

    class Wrong(Journal):
        def save(self, state, who, body, *more):
            super().save(state, who, b"[]" if state == KEPT else body, *more)

    assert "cannot be written" in str(raises("storage", device.boot, (200, GOOD["ickstream"]), port=Port(Wrong)))
    assert b"once-canary" in read(path)


def test_a_refusal_that_there_is_no_heap_to_read_is_a_refusal():
    """Otherwise the outcome would be unknown, and the next refusal reported as `orphaned`."""

    def full(config, answer):
        raise MemoryError

    for provider in ONCE:
        device = Device(provider)
        with patched(device.it.service, parse=full):
            assert device.refused("memory", (403, b"")).credential is None
        assert device.state() == REFUSED
        device.refused("refused", (403, b""))
        with patched(device.it.service, parse=full):
            device.refused("memory", (200, GOOD[provider]))
        assert device.state() == RAW


def test_a_module_whose_import_found_no_heap_is_imported_again():
    """MicroPython leaves its name in sys.modules without a value, for which None stands here, and would crash."""
    for name in ("enroll.nothing", "enroll.failed", "enroll.sleep"):
        device = Device("etherfax")
        for kind, error in (("refused", (403, b"")), ("memory", MemoryError()), ("network", OSError(104))):
            sys.modules[name] = None
            device.refused(kind, error)
            assert sys.modules.get(name, True), name
        assert device.boot((200, GOOD["etherfax"])).name == "registered"
