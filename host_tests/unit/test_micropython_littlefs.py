"""The store on littlefs and FAT in memory: full, and with the power cut at every single block operation."""

import os

from blocks import formatted
from enroll.commit import Journal
from enroll.reset import clear
from helpers import prepared, raises
from power import CLEAN, ERASED, TORN, cut_everywhere

OLDER = (4, b"who", b"older" * 30)
OLD = (1, b"who", b"old" * 40)
NEW = (4, b"who", b"new" * 50)


def holding(kind, *records):
    """A flash with the file system `kind` and `records`."""
    flash = formatted(kind)
    with flash:
        store = prepared("/ram/state")
        for record in records:
            store.save(*record)
        store.close()
    return flash


def sweep(kind, action, allowed, *records):
    """Cut the power at every operation of `action(store)`: what is there at the next boot must be one of `allowed`."""

    def scenario(flash):
        with flash:
            store = Journal("/ram/state")
            store.load()
            try:
                action(store)
            finally:
                store.close()

    def check(flash, point):
        assert not point.error or point.error.kind == "storage"
        with flash:
            store = Journal("/ram/state")
            record = store.load()
            assert record in (allowed if point.error else allowed[-1:]), record
            store.prepare()
            store.save(5, b"who", b"goes on")
            assert Journal("/ram/state").load() == (5, b"who", b"goes on")

    make = holding(kind, *records).rewound()
    assert len(cut_everywhere(make, scenario, check, (CLEAN, TORN, ERASED))) >= 6


def test_power_cut_while_saving_on_littlefs():
    sweep("lfs2", lambda store: store.save(*NEW), (OLD, NEW), OLDER, OLD)


def test_power_cut_while_saving_the_first_record_on_littlefs():
    sweep("lfs2", lambda store: store.save(*NEW), (None, NEW))


def test_power_cut_while_saving_on_fat():
    sweep("fat", lambda store: store.save(*NEW), (OLD, NEW), OLDER, OLD)


def test_power_cut_after_begin_on_littlefs():
    def action(store):
        store.begin()
        store.save(*NEW)

    sweep("lfs2", action, (OLD, NEW), OLDER, OLD)


def test_power_cut_while_clearing_on_littlefs():
    sweep("lfs2", clear, (NEW, None), OLD, NEW)


def fill():
    """Fill /ram with files; returns their names."""
    names = []
    try:
        while True:
            names.append("/ram/log%d" % len(names))
            with open(names[-1], "wb") as file:
                file.write(bytes(500))
    except OSError as error:
        assert error.errno == 28
    return names


def test_full_littlefs_before_anything_is_prepared():
    with formatted("lfs2"):
        names = fill()
        raises("storage", Journal("/ram/state").prepare)
        for name in names[:20]:
            os.remove(name)
        store = Journal("/ram/state")
        store.prepare()
        store.save(*NEW)
        assert Journal("/ram/state").load() == NEW


def test_littlefs_that_fills_after_prepare_takes_what_must_not_be_lost():
    with holding("lfs2", OLD):
        fill()
        store = Journal("/ram/state")
        store.load()
        store.save(3, b"who", b"answer", True)
        store.close()
        assert Journal("/ram/state").load() == (3, b"who", b"answer")
        assert len(os.listdir("/ram/state")) == 2, "the spare file is given up"


def test_littlefs_that_fills_between_begin_and_save_takes_the_answer():
    with holding("lfs2", OLD):
        store = Journal("/ram/state")
        store.load()
        store.begin()
        fill()
        store.save(3, b"who", b"answer", True)
        store.close()
        assert Journal("/ram/state").load() == (3, b"who", b"answer")
        assert len(os.listdir("/ram/state")) == 2, "the spare file is given up"


def test_read_only_littlefs():
    flash = holding("lfs2", OLD)
    flash.readonly = True
    with flash:
        store = Journal("/ram/state")
        assert store.load() == OLD
        raises("storage", store.save, *NEW)
        store.close()
        assert Journal("/ram/state").load() == OLD
