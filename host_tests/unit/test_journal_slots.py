"""What a store reads from its slots: damage, other addresses, other boards."""

from struct import pack

import enroll
from enroll.commit import Journal
from enroll.journal import KEPT, RAW, REFUSED, TRIED, identity, recall
from fake_device import Port
from helpers import SECTIONS, config, folder, raises, read, write
from test_journal import ANSWER, ETHERFAX, store_with


def damaged(it, *contents):
    """A store of the configuration `it` whose slots hold `contents`, which are not valid, or None for a blank one."""
    store_with(it, TRIED)
    for slot, content in enumerate(contents):
        write("%s/%d/slot" % (it.store, slot), bytes(1024) if content is None else content)
    return Journal(it.store)


def begun(who, state=TRIED):
    """A slot with a record of `who` after the first bytes of another one were written over it."""
    return b"ENR\x01\x09\0\0\0" + pack("<BHH", state, len(who), 0) + who + b"\x01\x02\x03\x04" + bytes(900)


ERASED = b"\xff" * 1024


def test_a_store_in_which_all_is_damaged_counts_as_tried():
    it = config("etherfax")
    assert recall(it, damaged(it, ERASED, ERASED)) == (TRIED, None)


def test_a_damaged_slot_that_shows_another_identity_or_address_is_not_this_devices_attempt():
    """Its first bytes are those of a record that was begun, the rest is still there."""
    for other in (config("etherfax", {"serial": "other"}), config("etherfax", url="http://other"), config("xyte")):
        it = config("etherfax")
        theirs = begun(identity(other))
        for contents in ((theirs, None), (None, theirs), (theirs, theirs)):
            assert recall(it, damaged(it, *contents)) == (0, None), contents
        store = store_with(it, REFUSED, who=identity(other))
        write("%s/1/slot" % it.store, theirs)
        assert recall(it, store) == (0, None)


def test_a_damaged_slot_that_shows_this_device_is_its_attempt():
    """If the other slot holds another device's credential, this device's attempt is the record that was begun."""
    it = config("etherfax")
    ours = begun(identity(it))
    assert recall(it, damaged(it, ours, None)) == (TRIED, None)
    store = store_with(it, KEPT, ETHERFAX.encode(), identity(config("etherfax", {"serial": "other"})))
    write("%s/1/slot" % it.store, ours)
    assert recall(it, store) == (TRIED, None)


def test_a_slot_without_identity_is_no_attempt_if_the_other_slot_rules_it_out():
    other = identity(config("etherfax", {"serial": "other"}))
    it = config("etherfax")
    assert recall(it, damaged(it, ERASED, None)) == (0, None), "the first note of all was cut"
    for state, expected in ((TRIED, 0), (REFUSED, 0), (RAW, TRIED), (KEPT, TRIED)):
        store = store_with(it, state, ETHERFAX.encode(), other)
        write("%s/1/slot" % it.store, ERASED)
        assert recall(it, store) == (expected, None), state


def test_a_record_of_another_address_is_a_mistake_that_names_both_addresses():
    for provider, state, body in ((name, it, b"{}") for name in SECTIONS for it in (KEPT, RAW)):
        it = config(provider, url="http://old.example.com/a-long-path/to/the/service/of/this/device")
        who = identity(it)
        it = config(
            provider, url="https://new.example.com/another-long-path/to/the/service", ca=write(folder() + "/ca", "")
        )
        store = store_with(it, state, body, who)
        text = str(raises("configuration", recall, it, store))
        for word in (str(who, "utf-8").split("\n")[0], it.url, "`moved_from`", "enroll.forget"):
            assert word in text, (word, text)
        raises("configuration", enroll.stored, it, Port())
        raises("configuration", enroll.Session, it, Port())


def test_an_attempt_at_another_address_is_ignored():
    for state in (TRIED, REFUSED):
        it = config("etherfax", url="http://other")
        assert recall(it, store_with(it, state, b"", identity(config("etherfax")))) == (0, None)


def test_a_record_of_an_address_that_the_service_had_before_counts():
    was = config("etherfax")
    it = config("etherfax", url="http://new", moved_from=["http://older", was.url])
    for state, body in ((KEPT, ETHERFAX.encode()), (RAW, ANSWER)):
        found = recall(it, store_with(it, state, body, identity(was)))
        assert found[0] == RAW and found[1].secret.reveal() == "token-canary", "it should be kept again"
    for state in (TRIED, REFUSED):
        assert recall(it, store_with(it, state, b"", identity(was))) == (state, None)


def test_another_address_says_nothing_where_the_credential_is_this_ones():
    it = config("etherfax")
    store = store_with(it, KEPT, ETHERFAX.encode())
    store.load()
    store.save(KEPT, identity(config("etherfax", url="http://other")), ETHERFAX.encode())
    assert recall(it, Journal(it.store))[0] == KEPT


def test_what_is_written_next_never_goes_over_the_credential():
    """The newer record is another device's attempt, or an answer that cannot be parsed."""
    other = identity(config("etherfax", {"serial": "other"}))
    for state, who in ((TRIED, other), (REFUSED, other), (KEPT, other), (RAW, None)):
        for ours, body in ((RAW, ANSWER), (KEPT, ETHERFAX.encode())):
            it = config("etherfax")
            store = store_with(it, ours, body)
            before = read(it.store + "/0/slot")
            store.load()
            store.save(state, who or identity(it), b"<html>")
            store = Journal(it.store)
            assert recall(it, store)[1].secret.reveal() == "token-canary"
            store.save(KEPT, identity(it), ETHERFAX.encode())
            assert read(it.store + "/0/slot") == before


def test_a_flash_that_was_copied_is_not_taken_for_this_boards_own():
    it = config("etherfax", {"serial": None})
    it.complete({"serial": "board"})
    who = identity(it)
    for serial, found in (("board", True), ("another", False)):
        it = config("etherfax", {"serial": None})
        store_with(it, KEPT, ETHERFAX.encode(), who)
        port = Port()
        port.identity = lambda serial=serial: {"serial": serial}
        assert bool(enroll.stored(it, port)) == found
        it = config("etherfax", {"serial": None}, store=it.store)
        if not found:
            assert "not registered" in str(raises("configuration", enroll.Session, it, port))


def test_an_answer_with_which_a_provider_cannot_cope_does_not_crash():
    class Clumsy:
        TABLE = "serial@I"

        @staticmethod
        def parse(config, answer):
            raise KeyError("x")

    it = config("etherfax")
    store = store_with(it, RAW, ANSWER)
    it.service = Clumsy
    assert recall(it, store) == (RAW, None)


def test_a_state_of_a_later_version_is_no_crash():
    it = config("etherfax")
    assert recall(it, store_with(it, 9, b"whatever"))[1] is None
