"""The child devices of a Xyte device: none is registered twice or lost, whatever interrupts it."""

import os

import enroll
import enroll.commit as commit
import enroll.reset as reset
from answers import GOOD
from enroll.calls import settle
from enroll.commit import Journal
from fake_xyte import change, family, known, settled, some
from flash import on_flash
from helpers import Fake, patched, raises, read
from power import Cut, cut_everywhere


def test_a_program_that_dies_in_the_middle_asks_again_only_for_the_child_it_was_at():
    for number in (0, 1, 15, 16, 17, 19):
        for fault in (Cut, OSError(104, "reset"), (503, None, {"Retry-After": "9"}), (429, None)):
            device = family(some(20))
            device.cloud.faults["C%d" % number] = fault
            try:
                device.run(settle)
                raise AssertionError("no fault")
            except (Cut, OSError):
                pass
            except enroll.EnrollError as error:
                assert error.kind == "server" and error.retry_after in (9, None)
            assert len(device.asked) == number + 1, "it stops at once"
            assert settled(device) == 20 - number and len(device.cloud.born) == 20


def test_power_that_fails_at_any_write_costs_at_most_the_child_whose_answer_was_not_kept():
    for count, first, step in ((3, 1, 1), (18, 5, 13)):

        def settles(device):
            with device.flash:
                device.run(settle)

        def check(device, point, count=count):
            with device.flash:
                born, kept = len(device.cloud.born), len(known(device))
                assert born - 1 <= kept <= born, (born, kept)
                assert settled(device) == count - kept
                assert enroll.stored(device.it, device.port).secret.reveal() == "token-canary"

        def make(count=count):
            return on_flash(lambda: family(some(count)))

        points = cut_everywhere(make, settles, check, first=first, step=step)
        assert points[-1] > 8 * count


def test_a_parent_that_registers_again_midway_registers_all_its_children_again():
    for number in (0, 1, 10, 19):
        device = family(some(20))
        device.cloud.last = number
        device.run(settle)
        assert device.session.credential.device_id == "device-2"
        assert sorted(device.cloud.born[number:]) == sorted([("device-2", "C%d" % one) for one in range(20)])
        assert len(device.asked) == number + 2 + 1 + 20
        assert min([int(name.split("-")[1]) for name, _ in known(device).values()]) > number, "none of the old parent's"
        assert settled(device) == 0


def test_what_the_old_parent_was_refused_is_forgotten_with_it():
    device = family(some(5))
    device.cloud.faults = {"C1": (422, None)}
    device.cloud.last = 2
    device.run(settle)
    assert sorted(device.cloud.born[2:]) == [("device-2", "C%d" % one) for one in range(5)]
    assert settled(device) == 0


def test_nothing_of_the_old_parent_is_used_where_the_answer_after_that_was_not_understood():
    device = family(some(20))
    device.run(settle)
    change(device, some(23))
    device.cloud.delete()
    fault = [b"no HTTP at all\r\n\r\n"]

    def answer(it):
        if "device-2/children" in it.path and fault:
            return fault.pop()
        return device.cloud(it)

    device.net.answer = answer
    try:
        device.run(settle)
    except enroll.EnrollError as error:
        assert error.kind == "answer"
    assert settled(device) <= 23
    assert [name for name, _ in device.cloud.born[20:]] == 23 * ["device-2"] and len(known(device)) == 23
    assert min([int(name.split("-")[1]) for name, _ in known(device).values()]) > 20


def test_a_parent_that_cannot_register_again_stops_at_the_first_child():
    device = family(some(50))
    device.cloud.delete()
    device.net.answer = lambda it: (422, None) if it.path == "/api/v1/devices" else device.cloud(it)
    raises("refused", device.run, settle)
    assert len(device.asked) == 3, "two 401s and one attempt"
    raises("refused", device.run, settle)
    assert len(device.asked) == 1 and not device.cloud.born
    assert enroll.stored(device.it, device.port).device_id == "device-1"


def files(path):
    """The content of all files below `path`."""
    content = b""
    for name in os.listdir(path):
        where = path + "/" + name
        content += files(where) if os.stat(where)[0] & 0x4000 else read(where)
    return content


def test_a_factory_reset_erases_the_children_too():
    device = family(some(40))
    device.run(settle)
    assert b"child-canary" in files(device.it.store)
    enroll.forget(device.it, device.port)
    assert b"canary" not in files(device.it.store) and not any(files(device.it.store))
    assert enroll.stored(device.it, device.port) is None
    enroll.forget(device.it, device.port)


def test_a_factory_reset_touches_nothing_that_is_not_its_own():
    """A board may keep its record in its root, where ca.der lies."""
    device = family(some(2))
    device.run(settle)
    with open(device.it.store + "/ca.der", "wb") as file:
        file.write(b"certificate")
    enroll.forget(device.it, device.port)
    assert read(device.it.store + "/ca.der") == b"certificate" and b"canary" not in files(device.it.store)


def test_children_after_a_factory_reset_that_power_cut_short_are_kept_like_others():
    """Records it has not reached are of the old parent's children, and newer than a new one's first."""
    device = family(some(40))
    device.run(settle)
    cleared = []

    def short(store):
        if len(cleared) == 2:
            raise Cut
        cleared.append(store.path)
        clear(store)

    clear = reset.clear
    listed = Fake(listdir=lambda path: ["0", "1", "c0", "c1", "c2", "spare"], stat=os.stat)
    with patched(reset, clear=short, os=listed):
        try:
            enroll.forget(device.it, device.port)
        except Cut:
            pass
    assert cleared == [device.it.store, device.it.store + "/c0"] and enroll.stored(device.it, device.port) is None
    device.cloud.parents["device-2"] = "token-canary"
    assert device.registering.boot((201, dict(GOOD["xyte"], id="device-2"))).name == "registered"
    change(device, some(17))
    device.run(settle)
    assert settled(device) == 0 and len(device.cloud.born) == 57


def test_a_damaged_record_costs_its_own_children_and_no_others():
    device = family(some(40))
    device.run(settle)
    for slot in "01":
        path = "%s/c1/%s/slot" % (device.it.store, slot)
        content = bytearray(read(path))
        content[40] ^= 1
        with open(path, "wb") as file:
            file.write(content)
    assert settled(device) == 16
    assert [sn for _, sn in device.cloud.born[40:]] == ["C%d" % number for number in range(16, 32)]


def test_a_record_that_holds_no_json_is_room():
    device = family(some(3))
    device.run(settle)
    store = Journal(device.it.store + "/c0")
    store.load()
    store.save(4, b"device-1", b"\xff{", True)
    assert settled(device) == 3


def test_long_keys_fit_or_are_said_not_to_and_cost_no_other_child():
    """A key may be a signed token of some kilobytes."""
    for size in (100, 450, 1500, 12000):
        device = family(some(20))
        device.cloud.key += size * "k"
        for _ in range(2):
            try:
                device.run(settle)
            except enroll.EnrollError as error:
                assert error.kind == "storage" and size > 8192
            device.boot()
        assert len(known(device)) == (20 if size < 8192 else 0), (size, len(known(device)))


def test_flash_that_fails_for_good_ends_in_an_error():
    device = family(some(3))
    device.boot()
    opened = []

    class Broken(Journal):
        def load(self, older=False):
            opened.append(1)
            assert len(opened) < 200, "it does not end"
            self.damaged = [b""]
            return None

        def prepare(self):
            raise self.trouble(OSError(5))

    with patched(commit, Journal=Broken):
        raises("storage", device.run, settle)


def test_no_child_is_asked_for_where_flash_will_not_take_it():
    device = family(some(3))

    class Full(Journal):
        def begin(self):
            raise self.trouble(OSError(28))

    with patched(commit, Journal=Full):
        raises("storage", device.run, settle)
    assert not device.net.requests
