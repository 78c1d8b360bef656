"""The store on a file system that fails: at every single operation, the old record or the new one, never another."""

import enroll.commit as commit
import enroll.journal as journal
import enroll.reset as reset
from enroll.commit import Journal
from enroll.reset import clear
from fake_disk import EIO, ENOSPC, EROFS, Disk
from helpers import patched, raises

OLD = (1, b"who", b"old")
NEW = (4, b"who", b"new and longer")


def on(disk):
    """Context in which the store works on `disk`."""
    return patched((commit, journal, reset), open=disk.open, os=disk)


def fresh(*records):
    disk = Disk()
    with on(disk):
        store = Journal("state")
        store.load()
        store.prepare()
        for record in records:
            store.save(*record)
        store.close()
    assert disk.opened == 0
    return disk


def sweep(action, errno, lasting, check, *records):
    """Call `action(store)` on a disk with `records` that fails at operation 1, 2, 3 ... until that is past its end.

    `check(failed)`: what must hold after each. Returns the number of operations.
    """
    at = 0
    while True:
        at += 1
        disk = fresh(*records)
        failed = False
        with on(disk):
            store = Journal("state")
            store.load()
            disk.fail(at, errno, lasting)
            try:
                action(store)
            except Exception as error:
                assert getattr(error, "kind", None) == "storage", repr(error)
                failed = True
            reached = disk.done >= at
            disk.fail(None, None, False)
            store.close()
            assert disk.opened == 0, "a file is left open"
            check(failed)
        if not reached:
            assert not failed
            return at


def loaded():
    return Journal("state").load()


def test_a_failed_save_leaves_the_old_record_or_the_new_one():
    for errno in (ENOSPC, EIO, EROFS):
        for lasting in (False, True):
            for before in ((), (OLD,), (NEW, OLD), (NEW, NEW, OLD)):
                old = before[-1] if before else None

                def check(failed, allowed=(old, NEW)):
                    record = loaded()
                    assert record in allowed
                    assert failed or record == NEW

                count = sweep(lambda store: store.save(*NEW), errno, lasting, check, *before)
                assert count > 3


def test_a_save_works_again_once_the_flash_does():
    for errno in (ENOSPC, EIO):

        def check(failed):
            store = Journal("state")
            store.load()
            store.prepare()
            store.save(5, b"who", b"third")
            store.close()
            assert loaded() == (5, b"who", b"third")

        sweep(lambda store: store.save(*NEW), errno, True, check, OLD)


def test_the_same_store_can_save_again_after_a_failure():
    def twice(store):
        raises("storage", store.save, *NEW)
        store.save(5, b"who", b"third")

    disk = fresh(OLD)
    with on(disk):
        store = Journal("state")
        store.load()
        for at in range(1, 5):
            disk.fail(at, EIO, False)
            twice(store)
            assert loaded() == (5, b"who", b"third")


def test_a_failed_begin_leaves_the_old_record():
    def check(failed):
        assert loaded() == OLD

    for errno in (ENOSPC, EIO, EROFS):
        sweep(lambda store: store.begin(), errno, True, check, (2, b"who", b"older"), OLD)


def test_a_failed_begin_is_told_before_anything_is_sent():
    disk = fresh(OLD)
    with on(disk):
        store = Journal("state")
        store.load()
        disk.fail(1, EROFS, True)
        raises("storage", store.begin)


def test_a_failed_prepare_is_told():
    disk = Disk()
    with on(disk):
        disk.fail(1, EROFS, True)
        raises("storage", Journal("state").prepare)


def test_a_failed_prepare_can_be_repeated():
    at = 0
    while True:
        at += 1
        disk = Disk()
        with on(disk):
            store = Journal("state")
            disk.fail(at, ENOSPC, True)
            try:
                store.prepare()
                return
            except Exception as error:
                assert error.kind == "storage"
            assert disk.opened == 0
            disk.fail(None, None, False)
            store.prepare()
            store.save(*NEW)
            assert loaded() == NEW


def test_a_failed_clear_leaves_a_record_or_nothing_but_never_the_older_record():
    def check(failed):
        assert loaded() in (None, NEW)
        if not failed:
            assert loaded() is None

    for errno in (EIO, EROFS):
        for lasting in (False, True):
            sweep(clear, errno, lasting, check, OLD, NEW)


class Full(Disk):
    """A disk on which nothing can be written until the spare file is given up."""

    full = False

    def change(self):
        if self.full:
            raise OSError(ENOSPC, "full")

    def remove(self, path):
        del self.files[path]
        self.full = False

    def operation(self):
        return self.full


def test_a_full_disk_gives_up_the_spare_file_for_what_must_not_be_lost():
    for spare in (True, False):
        disk = Full()
        disk.errno = ENOSPC
        with on(disk):
            store = Journal("state")
            store.load()
            store.prepare()
            store.save(*OLD)
            disk.full = True
            if spare:
                store.save(3, b"who", b"answer", True)
                assert loaded() == (3, b"who", b"answer")
            else:
                raises("storage", store.save, 3, b"who", b"answer")
                assert loaded() == OLD


class Lossy(Disk):
    """A disk that says that all is well and keeps something else."""

    lossy = False

    def open(self, path, mode="r"):
        file = super().open(path, mode)
        if self.lossy and "r" in mode and "+" in mode:
            file.content = bytearray(file.content)
        return file


def test_what_does_not_read_back_is_an_error():
    disk = Lossy()
    with on(disk):
        store = Journal("state")
        store.load()
        store.prepare()
        store.save(*OLD)
        disk.lossy = True
        raises("storage", store.save, *NEW)
        assert loaded() == OLD


class Unreadable(Disk):
    """A disk on which the read number `bad` fails, and all later ones."""

    bad = 0
    reads = 0

    def read(self):
        self.reads += 1
        if self.bad and self.reads >= self.bad:
            raise OSError(EIO, "unreadable")


def test_what_cannot_be_read_is_damage():
    for bad in range(1, 30):
        disk = Unreadable()
        with on(disk):
            store = Journal("state")
            store.load()
            store.prepare()
            store.save(*OLD)
            store.save(*NEW)
            disk.reads, disk.bad = 0, bad
            store = Journal("state")
            record = store.load()
            assert record in (OLD, NEW) or (record is None and store.damaged), bad
            assert disk.opened == 0


def test_a_worn_slot_does_not_cost_the_answer_in_the_other_one():
    disk = fresh((3, b"who", b"answer"))
    with on(disk):
        store = Journal("state")
        store.load()
        worn = store.name(store.next)

        def open_(path, mode="r"):
            if path == worn and "+" in mode:
                raise OSError(EIO)
            return disk.open(path, mode)

        with patched(commit, open=open_):
            raises("storage", store.save, *NEW, True)
        store.close()
        assert Journal("state").load() == (3, b"who", b"answer")
