"""The store on a working file system, and after damage."""

import os

from enroll.commit import Journal
from enroll.reset import clear
from helpers import folder, raises, read, write

OLD = (1, b"who", b"old")
NEW = (4, b"who", b"new and longer")


def slots(path):
    """The files of the two slots."""
    return ["%s/%s/%s" % (path, side, name) for side in ("0", "1") for name in os.listdir("%s/%s" % (path, side))]


def fresh(*records):
    """The path of a store that was given `records`."""
    path = folder() + "/state"
    store = Journal(path)
    assert store.load() is None
    store.prepare()
    for record in records:
        store.save(*record)
    store.close()
    return path


def load(path):
    """What a store that knows nothing yet finds at `path`, as (record, damaged)."""
    store = Journal(path)
    record = store.load()
    return (record and (record[0], bytes(record[1]), bytes(record[2]))), bool(store.damaged)


def newest_slot(path):
    """The file whose loss brings the older record back."""
    for name in slots(path):
        content = read(name)
        write(name, bytes(len(content)))
        record = load(path)[0]
        write(name, content)
        if record == OLD:
            return name
    raise AssertionError("no slot holds the newest record")


def test_absent_store():
    assert load(folder() + "/none") == (None, False)


def test_load_writes_nothing():
    path = folder()
    load(path)
    assert os.listdir(path) == []


def test_blank_store():
    assert load(fresh()) == (None, False)


def test_prepare_twice_keeps_the_record():
    path = fresh(OLD)
    store = Journal(path)
    store.prepare()
    assert load(path) == (OLD, False)


def test_a_slot_that_power_left_empty_is_filled():
    path = fresh()
    write(slots(path)[1], b"")
    Journal(path).prepare()
    assert [len(read(name)) for name in slots(path)] == [1024, 1024]


def test_a_record_survives_a_restart():
    assert load(fresh(OLD)) == (OLD, False)


def test_an_empty_identity_and_body():
    assert load(fresh((2, b"", b""))) == ((2, b"", b""), False)


def test_a_body_that_is_a_view_of_a_buffer():
    assert load(fresh((3, b"who", memoryview(bytearray(b"packet"))[:4]))) == ((3, b"who", b"pack"), False)


def test_the_newest_record_wins():
    for count in range(1, 8):
        records = [(1, b"who", b"%d" % n) for n in range(count)]
        assert load(fresh(*records)) == (records[-1], False)


def test_slots_alternate():
    path = fresh(OLD)
    for n in range(6):
        before = [read(name) for name in slots(path)]
        store = Journal(path)
        store.load()
        store.save(1, b"who", b"%d" % n)
        store.close()
        after = [read(name) for name in slots(path)]
        assert (before[0] == after[0]) != (before[1] == after[1]), "one slot is written, the other is left alone"
        assert load(path)[0] == (1, b"who", b"%d" % n)


def test_slots_are_files_of_1024_bytes_in_folders_of_their_own():
    path = fresh(OLD, NEW)
    names = slots(path)
    assert len(names) == 2
    assert [len(read(name)) for name in names] == [1024, 1024]


def test_a_record_longer_than_a_slot():
    for size in (1000, 1024, 3000, 6000):
        record = (3, b"who", b"x" * size)
        assert load(fresh(OLD, record)) == (record, False)
        assert load(fresh(record, OLD)) == (OLD, False)
        assert load(fresh(record, record, OLD, NEW)) == (NEW, False)


def test_a_record_too_long_is_refused_and_the_one_before_stays():
    path = fresh(OLD)
    store = Journal(path)
    store.load()
    raises("storage", store.save, 3, b"who", b"x" * 60000)
    store.close()
    assert load(path)[0] == OLD


def test_a_save_without_prepare_is_an_error():
    raises("storage", Journal(folder() + "/state").save, *OLD)


def test_begin_alone_changes_nothing():
    path = fresh(OLD, NEW)
    store = Journal(path)
    store.load()
    store.begin()
    store.begin()
    store.close()
    assert load(path)[0] == NEW
    path = fresh(OLD)
    store = Journal(path)
    store.load()
    store.begin()
    store.close()
    assert load(path)[0] == OLD


def test_begin_then_save():
    path = fresh(OLD)
    store = Journal(path)
    store.load()
    store.begin()
    store.save(*NEW)
    store.save(*OLD)
    store.close()
    assert load(path) == (OLD, False)


def test_what_a_save_that_was_cut_leaves_is_written_over():
    path = fresh(OLD, NEW)
    store = Journal(path)
    store.load()
    store.begin()
    store.close()
    store = Journal(path)
    assert store.load() == NEW
    store.save(5, b"who", b"newer")
    store.close()
    assert load(path)[0] == (5, b"who", b"newer")


def test_clear_forgets_both_slots():
    for records in ((), (OLD,), (OLD, NEW), (OLD, NEW, OLD)):
        path = fresh(*records)
        clear(Journal(path))
        assert load(path) == (None, False)
        assert all(read(name) == bytes(1024) for name in slots(path)), "no secret is left on flash"


def test_clear_forgets_a_long_record():
    path = fresh((4, b"who", b"canary" * 500), OLD)
    clear(Journal(path))
    assert not any(any(read(name)) for name in slots(path))


def test_clear_of_an_absent_store():
    path = folder() + "/none"
    clear(Journal(path))
    assert load(path) == (None, False)


def test_clear_of_a_damaged_store():
    path = fresh(OLD, NEW)
    for name in slots(path):
        write(name, b"\xff" * 1024)
    assert load(path) == (None, True)
    clear(Journal(path))
    assert load(path) == (None, False)


def test_a_store_goes_on_after_clear():
    path = fresh(OLD)
    store = Journal(path)
    clear(store)
    store.prepare()
    store.save(*NEW)
    store.close()
    assert load(path) == (NEW, False)


def test_damaged_slots_are_told_from_blank_ones():
    for content in (b"\xff" * 1024, b"x", b"ENR", b"\x00" * 20 + b"x", os.urandom(1024), b"\xff" * 13):
        path = fresh()
        write(slots(path)[0], content)
        record, damaged = load(path)
        assert record is None
        assert damaged or not any(content[:13]), content


def test_a_truncated_slot_gives_the_other_one_at_every_length():
    path = fresh(OLD, NEW)
    name = newest_slot(path)
    whole = read(name)
    end = len(whole.rstrip(b"\0"))
    for size in range(end + 20):
        write(name, whole[:size])
        record, damaged = load(path)
        if size < end:
            assert record == OLD or (record == NEW and not any(whole[size:end])), size
            assert record == NEW or damaged or not any(whole[:size]), size
        else:
            assert record == NEW, size


def test_a_truncated_only_slot_is_damage_at_every_length():
    path = fresh(OLD)
    (name,) = [name for name in slots(path) if any(read(name))]
    whole = read(name)
    for size in range(1, len(whole.rstrip(b"\0"))):
        write(name, whole[:size])
        assert load(path) == (None, True), size


def test_a_half_written_slot_gives_the_other_one_at_every_length():
    path = fresh(OLD, NEW)
    name = newest_slot(path)
    whole = read(name)
    end = len(whole.rstrip(b"\0"))
    for fill in (b"\0", b"\xff", b"z"):
        for size in range(end):
            write(name, whole[:size] + fill * (len(whole) - size))
            assert load(path)[0] in (OLD, NEW) if fill == b"\0" else load(path)[0] == OLD, (fill, size)


def test_every_single_bit_flip_of_a_slot():
    path = fresh(OLD, NEW)
    name = newest_slot(path)
    whole = bytearray(read(name))
    end = len(bytes(whole).rstrip(b"\0"))
    for place in range(end + 8):
        for bit in range(8):
            whole[place] ^= 1 << bit
            write(name, whole)
            record = load(path)[0]
            assert record == (OLD if place < end else NEW), (place, bit)
            whole[place] ^= 1 << bit


def test_both_slots_damaged():
    path = fresh(OLD, NEW)
    for name in slots(path):
        content = bytearray(read(name))
        content[20] ^= 1
        write(name, content)
    assert load(path) == (None, True)


def test_a_lost_slot_gives_the_other_one():
    path = fresh(OLD, NEW)
    os.remove(newest_slot(path))
    assert load(path) == (OLD, False)


def test_a_folder_where_a_slot_should_be():
    path = fresh(OLD, NEW)
    name = newest_slot(path)
    os.remove(name)
    os.mkdir(name)
    record, damaged = load(path)
    assert record == OLD and damaged


def test_parents_of_the_folder_are_made():
    path = folder() + "/a/b/c/state"
    store = Journal(path)
    store.prepare()
    store.save(*OLD)
    assert load(path) == (OLD, False)
    store = Journal("no-such-folder-%s" % path[-20:].replace("/", "-"))
    store.prepare()
    clear(store)
    for name in ("0/slot", "1/slot", "spare"):
        os.remove(store.path + "/" + name)
    for name in ("/0", "/1", ""):
        os.rmdir(store.path + name)


def test_a_damaged_slot_shows_whose_it_was():
    path = fresh(OLD, NEW)
    for name in slots(path):
        content = read(name)
        write(name, content[:4] + b"\x09" + content[5:])
        store = Journal(path)
        store.load()
        assert store.damaged == [b"who"]
        write(name, b"\xff" * 1024)
        store.load()
        assert store.damaged == [b""]
        write(name, content)


def test_a_file_where_the_folder_should_be():
    path = write(folder() + "/state", b"in the way")
    assert load(path)[0] is None
    raises("storage", Journal(path).prepare)
