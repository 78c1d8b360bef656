"""The store in esp32.NVS: the same outcomes as in files, whatever NVS raises and whenever it does."""

from enroll.commit import Journal
from enroll.reset import clear
from fake_nvs import EIO, FULL, Flash, Partition, on_nvs
from helpers import raises
from power import Failure, cut_everywhere

OLD = (1, b"who", b"old")
NEW = (4, b"who", b"new and longer")
THIRD = (5, b"who", b"third")


def failing(*errors):
    """Each way to fail: with the operation done or not, once or from then on."""
    ways = [(lasting, leaves) for lasting in (False, True) for leaves in ("clean", "done")]
    return [Failure(leaves, errno, lasting) for errno in errors for lasting, leaves in ways]


def sweep(nvs, action, check, *records):
    """Let each operation of `action(store)` fail, in each way, on an NVS with `records`.

    `check(failed)`: what must hold after each. Returns the points.
    """

    def make():
        nvs.fresh(*records)
        nvs.open = nvs.store()
        return nvs

    def checked(nvs, point):
        assert not point.error or point.error.kind == "storage"
        nvs.open.close()
        check(point.error)

    return cut_everywhere(make, lambda nvs: action(nvs.open), checked, failing(FULL, EIO))


def test_records_survive_a_restart():
    with on_nvs() as nvs:
        for records in ((OLD,), (OLD, NEW), (OLD, NEW, THIRD), (NEW, OLD, NEW, OLD, THIRD)):
            nvs.fresh(*records)
            assert nvs.loaded() == records[-1]
            assert nvs.store().load(True) == (records[-2] if len(records) > 1 else None)


def test_loading_an_absent_store_writes_nothing():
    with on_nvs() as nvs:
        assert nvs.loaded() is None and not nvs.store().damaged
        assert nvs.flash.done == 0 and nvs.flash.reads == 4


def test_preparing_again_writes_nothing():
    with on_nvs() as nvs:
        nvs.fresh(OLD)
        done = nvs.flash.done
        nvs.store().prepare()
        assert nvs.flash.done == done


def test_long_and_empty_records():
    with on_nvs() as nvs:
        for size in (0, 1, 1004, 1005, 1006, 1024, 3000, 8189):
            nvs.fresh(OLD, (3, b"who", b"x" * size))
            assert nvs.loaded() == (3, b"who", b"x" * size)
            nvs.store().save(*NEW)
            assert nvs.loaded() == NEW
        nvs.fresh((3, b"who", memoryview(bytearray(b"packet"))[:4]), NEW)
        assert nvs.store().load(True) == (3, b"who", b"pack")
        raises("storage", nvs.store().save, 3, b"who", b"x" * 60000)
        assert nvs.loaded() == NEW


def test_one_blob_is_written_at_a_time_and_the_other_left_alone():
    with on_nvs() as nvs:
        nvs.fresh(OLD)
        for n in range(6):
            before = dict(nvs.flash.blobs["enroll"])
            store = nvs.store()
            store.save(1, b"who", b"%d" % n)
            after = nvs.flash.blobs["enroll"]
            assert len([key for key in after if after[key] != before[key]]) == 1
            assert nvs.loaded() == (1, b"who", b"%d" % n)
            assert len(after["0/slot"]) == len(after["1/slot"]) == 1024


def test_begin_proves_that_nvs_takes_a_slot_and_changes_no_record():
    with on_nvs() as nvs:
        nvs.fresh(OLD, NEW)
        store = nvs.store()
        done = nvs.flash.done
        store.begin()
        assert nvs.flash.done > done
        done = nvs.flash.done
        store.begin()
        assert nvs.flash.done == done, "once"
        assert nvs.loaded() == NEW
        store.save(*THIRD)
        assert nvs.loaded() == THIRD
        store.begin()
        done = nvs.flash.done
        store.close()
        assert nvs.flash.done == done, "what is there already is not written again"


def test_a_failed_begin_is_told_before_anything_is_sent():
    with on_nvs() as nvs:
        for at in (1, 2):
            nvs.fresh(OLD, NEW)
            store = nvs.store()
            nvs.flash.fail(at, Failure(errno=EIO))
            raises("storage", store.begin)
            nvs.flash.fail()
            assert nvs.loaded() == NEW


def test_a_failed_save_leaves_the_old_record_or_the_new_one():
    with on_nvs() as nvs:
        for before in ((), (OLD,), (NEW, OLD), (NEW, NEW, OLD)):

            def check(failed, allowed=(before[-1] if before else None, NEW)):
                record = nvs.loaded()
                assert record in allowed, record
                assert failed or record == NEW
                store = nvs.store()
                store.prepare()
                store.save(*THIRD)
                store.close()
                assert nvs.loaded() == THIRD

            assert len(sweep(nvs, lambda store: store.save(*NEW), check, *before)) > 24


def test_a_failed_begin_or_prepare_leaves_the_record():
    with on_nvs() as nvs:

        def check(failed):
            assert nvs.loaded() == NEW

        sweep(nvs, lambda store: store.begin(), check, OLD, NEW)

        def prepare(store):
            nvs.flash.blobs["enroll"].pop("spare")  # a full flash has cost it
            store.prepare()

        sweep(nvs, prepare, check, OLD, NEW)


def test_a_failed_prepare_can_be_repeated():
    with on_nvs() as nvs:

        def make():
            nvs.flash.blobs.clear()
            nvs.files._spaces.clear()
            nvs.open = nvs.store()
            return nvs

        def check(nvs, point):
            assert not point.at or point.error.kind == "storage"
            nvs.open.prepare()
            nvs.open.save(*NEW)
            assert nvs.loaded() == NEW

        assert len(cut_everywhere(make, lambda nvs: nvs.open.prepare(), check, [Failure(errno=FULL)])) > 6


def test_a_failed_clear_leaves_a_record_or_nothing_but_never_the_older_record():
    with on_nvs() as nvs:

        def check(failed):
            assert nvs.loaded() in (None, NEW)
            assert failed or nvs.loaded() is None

        sweep(nvs, clear, check, OLD, NEW)


def test_clear_leaves_no_secret_in_a_blob():
    with on_nvs() as nvs:
        nvs.fresh((4, b"who", b"canary" * 500), NEW)
        clear(nvs.store())
        assert nvs.loaded() is None
        blobs = nvs.flash.blobs["enroll"]
        assert not any(blobs["0/slot"]) and not any(blobs["1/slot"])
        clear(nvs.store())
        nvs.fresh(NEW)
        assert nvs.loaded() == NEW


class Full(Flash):
    """A partition that takes nothing more until the spare blob is given up."""

    full = False

    def change(self, effect=None):
        if self.full and "spare" in self.blobs["enroll"]:
            self.full = False
            raise OSError(FULL, "ESP_ERR_NVS_NOT_ENOUGH_SPACE")
        super().change(effect)


def test_a_full_nvs_gives_up_the_spare_blob_for_what_must_not_be_lost():
    for spare in (True, False):
        with on_nvs(Full()) as nvs:
            nvs.fresh(OLD)
            nvs.flash.full = True
            store = nvs.store()
            if spare:
                store.save(3, b"who", b"answer", True)
                assert nvs.loaded() == (3, b"who", b"answer") and "spare" not in nvs.flash.blobs["enroll"]
                store.prepare()
            else:
                raises("storage", store.save, 3, b"who", b"answer")
                assert nvs.loaded() == OLD
            assert "spare" in nvs.flash.blobs["enroll"], "it is there for the next time"


def test_every_bit_of_a_blob_that_flips_gives_the_other_record():
    with on_nvs() as nvs:
        nvs.fresh(OLD, NEW)
        blobs = nvs.flash.blobs["enroll"]
        whole, end = blobs["1/slot"], len(blobs["1/slot"].rstrip(b"\0"))
        for place in range(end):
            blobs["1/slot"] = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
            assert nvs.loaded() == OLD, place
        for size in range(end):
            blobs["1/slot"] = whole[:size]
            assert nvs.loaded() == OLD, size
        blobs["0/slot"] = b"\xff" * 20
        store = nvs.store()
        assert store.load() is None and store.damaged


def test_what_cannot_be_read_is_damage():
    with on_nvs() as nvs:
        nvs.fresh(OLD, NEW)
        for nvs.flash.readable in range(3):
            store = Journal("/nvs/enroll")
            record = store.load()
            assert record in (OLD, NEW) or (record is None and store.damaged), nvs.flash.readable
        nvs.flash.readable = None
        assert nvs.loaded() == NEW


def test_stores_within_a_store():
    with on_nvs() as nvs:
        nvs.fresh(OLD)
        child = Journal("/nvs/enroll/c12")
        child.prepare()
        child.save(*NEW)
        assert nvs.loaded() == OLD and Journal("/nvs/enroll/c12").load() == NEW
        assert list(nvs.files.ilistdir("/enroll")) == [(name, 0x4000, 0) for name in ("0", "1", "c12")]
        assert raises(OSError, nvs.files.ilistdir, "/none").errno == 2
        assert nvs.flash.opened.count("enroll") <= 3, "a namespace opened again takes memory for good"


def test_how_much_room_there_is():
    """Of six pages, which is usual, one stays free; erased entries count as free, but not in a broken page."""
    cases = [
        ({}, 630),
        ({0: (0xFE, 10, 0)}, 620),
        ({0: (0xFE, 10, 20)}, 620),
        ({0: (0xFC, 126, 0), 3: (0xFC, 26, 100), 1: (0xFE, 1, 0)}, 630 - 126 - 26 - 1),
        ({0: (0xF8, 126, 0), 1: (0xF0, 5, 5), 2: (0x00, 0, 0)}, 630 - 126 - 252),
        (dict.fromkeys(range(5), (0xFC, 126, 0)), 0),
    ]
    for pages, free in cases:
        with on_nvs(partition=Partition(6, pages)) as nvs:
            assert nvs.files.statvfs("/") == (32, 32, 630, free, free, 0, 0, 0, 0, 15), pages
