"""The child devices of a Xyte device: none is registered twice or lost, whatever happens in the middle."""

import os

import enroll
import enroll.commit as commit
import enroll.journal as journal
import enroll.reset as reset
from enroll.calls import settle
from enroll.commit import Journal
from fake_device import GOOD
from fake_session import Cut, Flash
from fake_xyte import change, family, known, mended, some
from helpers import Fake, patched, raises, read


def test_a_program_that_dies_in_the_middle_asks_again_only_for_the_child_it_was_at():
    for number in (0, 1, 15, 16, 17, 19):
        for fault in (Cut, OSError(104, "reset"), (503, None, {"Retry-After": "9"}), (429, None)):
            life = family(some(20))
            life.cloud.faults["C%d" % number] = fault
            try:
                life.run(settle)
                raise AssertionError("no fault")
            except (Cut, OSError):
                pass
            except enroll.EnrollError as error:
                assert error.kind == "server" and error.retry_after in (9, None)
            assert len(life.asked) == number + 1, "it stops at once"
            assert mended(life) == 20 - number and len(life.cloud.born) == 20


def test_power_that_fails_at_any_write_costs_at_most_the_child_whose_answer_was_not_kept():
    for count, at, step in ((3, 1, 1), (18, 5, 13)):
        done = False
        while not done:
            flash = Flash()
            with patched((commit, journal), open=flash.open, os=flash):
                life = family(some(count))
                flash.done, flash.at = 0, at
                try:
                    life.run(settle)
                    done = True
                except Cut:
                    pass
                flash.at = None
                born, kept = len(life.cloud.born), len(known(life))
                assert born - 1 <= kept <= born, (at, born, kept)
                assert mended(life) == count - kept
                assert enroll.stored(life.it, life.port).secret.reveal() == "token-canary"
            at += step
        assert at > 9 * count


def test_a_parent_that_registers_anew_in_the_middle_registers_all_its_children_anew():
    for number in (0, 1, 10, 19):
        life = family(some(20))
        life.cloud.last = number
        life.run(settle)
        assert life.session.credential.device_id == "device-2"
        assert sorted(life.cloud.born[number:]) == sorted([("device-2", "C%d" % one) for one in range(20)])
        assert len(life.asked) == number + 2 + 1 + 20
        assert min([int(name.split("-")[1]) for name, _ in known(life).values()]) > number, "none of the old parent's"
        assert mended(life) == 0


def test_what_the_old_parent_was_refused_is_forgotten_with_it():
    life = family(some(5))
    life.cloud.faults = {"C1": (422, None)}
    life.cloud.last = 2
    life.run(settle)
    assert sorted(life.cloud.born[2:]) == [("device-2", "C%d" % one) for one in range(5)]
    assert mended(life) == 0


def test_nothing_of_the_old_parent_is_used_where_the_answer_after_that_was_not_understood():
    life = family(some(20))
    life.run(settle)
    change(life, some(23))
    life.cloud.delete()
    fault = [b"no HTTP at all\r\n\r\n"]

    def answer(it):
        if "device-2/children" in it.path and fault:
            return fault.pop()
        return life.cloud(it)

    life.net.answer = answer
    try:
        life.run(settle)
    except enroll.EnrollError as error:
        assert error.kind == "answer"
    assert mended(life) <= 23
    assert [name for name, _ in life.cloud.born[20:]] == 23 * ["device-2"] and len(known(life)) == 23
    assert min([int(name.split("-")[1]) for name, _ in known(life).values()]) > 20


def test_a_parent_that_cannot_register_anew_is_not_asked_about_every_child():
    life = family(some(50))
    life.cloud.delete()
    life.net.answer = lambda it: (422, None) if it.path == "/api/v1/devices" else life.cloud(it)
    raises("refused", life.run, settle)
    assert len(life.asked) == 3, "two 401s and one attempt"
    raises("refused", life.run, settle)
    assert len(life.asked) == 1 and not life.cloud.born
    assert enroll.stored(life.it, life.port).device_id == "device-1"


def files(path):
    """The content of all files below `path`."""
    content = b""
    for name in os.listdir(path):
        where = path + "/" + name
        content += files(where) if os.stat(where)[0] & 0x4000 else read(where)
    return content


def test_a_factory_reset_erases_the_children_too():
    life = family(some(40))
    life.run(settle)
    assert b"child-canary" in files(life.it.store)
    enroll.forget(life.it, life.port)
    assert b"canary" not in files(life.it.store) and not any(files(life.it.store))
    assert enroll.stored(life.it, life.port) is None
    enroll.forget(life.it, life.port)


def test_a_factory_reset_touches_nothing_that_is_not_its_own():
    """A board may keep its record in its root, where ca.der lies."""
    life = family(some(2))
    life.run(settle)
    with open(life.it.store + "/ca.der", "wb") as file:
        file.write(b"certificate")
    enroll.forget(life.it, life.port)
    assert read(life.it.store + "/ca.der") == b"certificate" and b"canary" not in files(life.it.store)


def test_children_after_a_factory_reset_that_power_cut_short_are_kept_like_others():
    """The records that it has not come to are of the old parent's children, and newer than a new one's first."""
    life = family(some(40))
    life.run(settle)
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
            enroll.forget(life.it, life.port)
        except Cut:
            pass
    assert cleared == [life.it.store, life.it.store + "/c0"] and enroll.stored(life.it, life.port) is None
    life.cloud.parents["device-2"] = "token-canary"
    assert life.device.boot((201, dict(GOOD["xyte"], id="device-2"))).name == "registered"
    change(life, some(17))
    life.run(settle)
    assert mended(life) == 0 and len(life.cloud.born) == 57


def test_a_damaged_record_costs_its_own_children_and_no_others():
    life = family(some(40))
    life.run(settle)
    for slot in "01":
        path = "%s/c1/%s/slot" % (life.it.store, slot)
        content = bytearray(read(path))
        content[40] ^= 1
        with open(path, "wb") as file:
            file.write(content)
    assert mended(life) == 16
    assert [sn for _, sn in life.cloud.born[40:]] == ["C%d" % number for number in range(16, 32)]


def test_a_record_that_holds_no_json_is_room():
    life = family(some(3))
    life.run(settle)
    store = Journal(life.it.store + "/c0")
    store.load()
    store.save(4, b"device-1", b"\xff{", True)
    assert mended(life) == 3


def test_long_keys_fit_or_are_said_not_to_and_cost_no_other_child():
    """A key may be a signed token of some kilobytes."""
    for size in (100, 450, 1500, 12000):
        life = family(some(20))
        life.cloud.key += size * "k"
        for _ in range(2):
            try:
                life.run(settle)
            except enroll.EnrollError as error:
                assert error.kind == "storage" and size > 8192
            life.boot()
        assert len(known(life)) == (20 if size < 8192 else 0), (size, len(known(life)))


def test_flash_that_fails_for_good_ends_in_an_error():
    life = family(some(3))
    life.boot()
    opened = []

    class Broken(Journal):
        def load(self, older=False):
            opened.append(1)
            assert len(opened) < 200, "there is no end to it"
            self.damaged = [b""]
            return None

        def prepare(self):
            raise self.trouble(OSError(5))

    with patched(commit, Journal=Broken):
        raises("storage", life.run, settle)


def test_no_child_is_asked_for_where_flash_will_not_take_it():
    life = family(some(3))

    class Full(Journal):
        def begin(self):
            raise self.trouble(OSError(28))

    with patched(commit, Journal=Full):
        raises("storage", life.run, settle)
    assert not life.net.requests
