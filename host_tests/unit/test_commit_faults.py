"""The store on a file system that fails: at every operation: the old record or the new one, never another."""

import enroll.commit as commit
from enroll.commit import Journal
from enroll.reset import clear
from flash import EIO, ENOSPC, EROFS, Flash
from helpers import patched, prepared, raises
from power import Failure, cut_everywhere

OLD = (1, b"who", b"old")
NEW = (4, b"who", b"new and longer")
THIRD = (5, b"who", b"third")


def fresh(*records):
    """A flash with `records`, and a store that knows what is there."""
    flash = Flash()
    with flash:
        store = prepared("state")
        for record in records:
            store.save(*record)
        store.close()
    assert flash.opened == 0
    return flash


def sweep(action, check, failures, *records):
    """Let each operation of `action(store)` fail on a flash with `records`, in the way of each of `failures`.

    `check(failed)`: what must hold after each. Returns the points.
    """

    def scenario(flash):
        with flash:
            flash.store = Journal("state")
            flash.store.load()
            action(flash.store)

    def checked(flash, point):
        assert not point.error or point.error.kind == "storage"
        with flash:
            flash.store.close()
            assert flash.opened == 0, "a file is left open"
            check(point.error)

    return cut_everywhere(lambda: fresh(*records), scenario, checked, failures)


def failing(errors, ways=(False, True)):
    """A Failure for each errno, at one operation and at all from it on."""
    return [Failure("torn", errno, lasting) for errno in errors for lasting in ways]


def loaded():
    return Journal("state").load()


def test_a_failed_save_leaves_the_old_record_or_the_new_one():
    for before in ((), (OLD,), (NEW, OLD), (NEW, NEW, OLD)):

        def check(failed, allowed=(before[-1] if before else None, NEW)):
            record = loaded()
            assert record in allowed
            assert failed or record == NEW

        assert len(sweep(lambda store: store.save(*NEW), check, failing((ENOSPC, EIO, EROFS)), *before)) > 24


def test_a_save_works_again_once_the_flash_does():
    def check(failed):
        store = prepared("state")
        store.save(*THIRD)
        store.close()
        assert loaded() == THIRD

    sweep(lambda store: store.save(*NEW), check, failing((ENOSPC, EIO), (True,)), OLD)


def test_the_same_store_can_save_again_after_a_failure():
    def twice(store):
        raises("storage", store.save, *NEW)
        store.save(*THIRD)

    with fresh(OLD) as flash:
        store = Journal("state")
        store.load()
        for at in range(1, 5):
            flash.fail(at, Failure("torn", EIO, False))
            twice(store)
            assert loaded() == THIRD


def test_a_failed_begin_leaves_the_old_record():
    def check(failed):
        assert loaded() == OLD

    failures = failing((ENOSPC, EIO, EROFS), (True,))
    sweep(lambda store: store.begin(), check, failures, (2, b"who", b"older"), OLD)


def test_a_failed_begin_is_told_before_anything_is_sent():
    with fresh(OLD) as flash:
        store = Journal("state")
        store.load()
        flash.fail(1, Failure("torn", EROFS))
        raises("storage", store.begin)


def test_a_failed_prepare_is_told():
    with Flash() as flash:
        flash.fail(1, Failure("torn", EROFS))
        raises("storage", Journal("state").prepare)


def test_a_failed_prepare_can_be_repeated():
    def prepare(flash):
        with flash:
            flash.store = Journal("state")
            flash.store.prepare()

    def check(flash, point):
        assert not point.at or point.error.kind == "storage"
        assert flash.opened == 0
        with flash:
            flash.store.prepare()
            flash.store.save(*NEW)
            assert loaded() == NEW

    cut_everywhere(Flash, prepare, check, failing((ENOSPC,), (True,)))


def test_a_failed_clear_leaves_a_record_or_nothing_but_never_the_older_record():
    def check(failed):
        assert loaded() in (None, NEW)
        assert failed or loaded() is None

    sweep(clear, check, failing((EIO, EROFS)), OLD, NEW)


class Full(Flash):
    """A flash on which nothing can be written until the spare file is given up."""

    full = False
    failure = Failure(errno=ENOSPC)

    def fails(self):
        return self.full

    def remove(self, path):
        self.full = False
        super().remove(path)


def test_a_full_disk_gives_up_the_spare_file_for_what_must_not_be_lost():
    for spare in (True, False):
        with Full() as flash:
            store = prepared("state")
            store.save(*OLD)
            flash.full = True
            if spare:
                store.save(3, b"who", b"answer", True)
                assert loaded() == (3, b"who", b"answer")
            else:
                raises("storage", store.save, 3, b"who", b"answer")
                assert loaded() == OLD


class Lossy(Flash):
    """A flash that reports success and stores something else."""

    lossy = False

    def open(self, path, mode="r"):
        file = super().open(path, mode)
        if self.lossy and "r" in mode and "+" in mode:
            file.content = bytearray(file.content)
        return file


def test_what_does_not_read_back_is_an_error():
    with Lossy() as flash:
        store = prepared("state")
        store.save(*OLD)
        flash.lossy = True
        raises("storage", store.save, *NEW)
        assert loaded() == OLD


class Unreadable(Flash):
    """A flash on which the read number `bad` fails, and all later ones."""

    bad = 0
    reads = 0

    def read(self):
        self.reads += 1
        if self.bad and self.reads >= self.bad:
            raise OSError(EIO, "unreadable")


def test_what_cannot_be_read_is_damage():
    for bad in range(1, 30):
        with Unreadable() as flash:
            store = prepared("state")
            store.save(*OLD)
            store.save(*NEW)
            flash.reads, flash.bad = 0, bad
            store = Journal("state")
            record = store.load()
            assert record in (OLD, NEW) or (record is None and store.damaged), bad
            assert flash.opened == 0


def test_a_worn_slot_does_not_cost_the_answer_in_the_other_one():
    with fresh((3, b"who", b"answer")) as flash:
        store = Journal("state")
        store.load()
        worn = store.name(store.next)

        def open_(path, mode="r"):
            if path == worn and "+" in mode:
                raise OSError(EIO)
            return flash.open(path, mode)

        with patched(commit, open=open_):
            raises("storage", store.save, *NEW, True)
        store.close()
        assert Journal("state").load() == (3, b"who", b"answer")
