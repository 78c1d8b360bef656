"""What the store knows for a configuration, and what a credential says of itself."""

import json
from struct import pack

import enroll
from boots import Port
from enroll.providers import Credential
from enroll.record import KEPT, RAW, REFUSED, TRIED, identity, recall
from enroll.store import Store
from helpers import SECTIONS, changed, config, folder, raises, read, write

ETHERFAX = Credential("etherfax", "MT873615726", "token-canary", {"note": "x"})
ANSWER = b'{"DeviceToken": "token-canary", "more": [1, null, "\xc3\xa9"]}'


def store_with(it, state=None, body=b"", who=None):
    """A store in a new folder, which becomes the one of the configuration `it`, with one record or none."""
    it.store = folder() + "/state"
    store = Store(it.store)
    store.load()
    if state is not None:
        store.prepare()
        store.save(state, identity(it) if who is None else who, body)
    store.close()
    return Store(it.store)


def test_nothing_known():
    it = config("etherfax")
    assert recall(it, store_with(it)) == (0, None)
    assert enroll.stored(it, Port()) is None


def test_states_without_a_credential():
    for state in (TRIED, REFUSED):
        it = config("etherfax")
        assert recall(it, store_with(it, state)) == (state, None)
        assert enroll.stored(it, Port()) is None


def test_a_credential_comes_back_as_it_was_kept():
    for kept in (
        ETHERFAX,
        Credential("etherfax", "x", "y", {}),
        Credential("etherfax", "é", "ü€", {"deep": {"list": [1, 2.5, None, True, "é\n"]}, "": ""}),
    ):
        it = config("etherfax")
        state, found = recall(it, store_with(it, KEPT, kept.encode()))
        assert state == KEPT
        assert (found.provider, found.device_id, found.secret.reveal(), found.extra) == (
            kept.provider,
            kept.device_id,
            kept.secret.reveal(),
            kept.extra,
        )


def test_stored_is_the_kept_credential():
    it = config("etherfax")
    store_with(it, KEPT, ETHERFAX.encode())
    assert enroll.stored(it, Port()).secret.reveal() == "token-canary"


def test_forget_forgets():
    it = config("etherfax")
    store_with(it, KEPT, ETHERFAX.encode())
    enroll.forget(it, Port())
    assert enroll.stored(it, Port()) is None
    assert recall(it, Store(it.store)) == (0, None)


def test_an_answer_that_was_saved_but_not_used():
    it = config("etherfax")
    state, found = recall(it, store_with(it, RAW, ANSWER))
    assert state == RAW
    assert found.secret.reveal() == "token-canary"
    assert found.extra == {"more": [1, None, "é"]}


def test_an_answer_that_is_not_understood_stays_an_answer():
    for body in (b"", b"{", b"[]", b"null", b'{"DeviceToken": 5}', b'{"devicetoken": "x"}', b"\xff\xfe", b"<html>"):
        it = config("etherfax")
        assert recall(it, store_with(it, RAW, body)) == (RAW, None)


def test_an_answer_that_is_understood_counts_though_a_newer_one_is_not():
    it = config("etherfax")
    store = store_with(it, RAW, ANSWER)
    store.load()
    store.save(RAW, identity(it), b"<html>")
    state, found = recall(it, Store(it.store))
    assert state == RAW and found.secret.reveal() == "token-canary"


def test_the_first_of_many_answers_that_are_not_understood_stays():
    it = config("etherfax")
    store = store_with(it, RAW, ANSWER)
    store.load()
    for n in range(5):
        store.begin()
        store.save(RAW, identity(it), b"<html>%d" % n)
    assert Store(it.store).load()[2] == b"<html>4"
    assert recall(it, Store(it.store))[1].secret.reveal() == "token-canary"


def test_a_byte_order_mark_before_an_answer_is_skipped():
    it = config("etherfax")
    assert recall(it, store_with(it, RAW, b"\xef\xbb\xbf" + ANSWER))[1].secret.reveal() == "token-canary"


def test_a_kept_record_that_is_not_understood_is_no_crash():
    for body in (b"", b"{", b"[]", b'["a"]', b"5", b"null"):
        it = config("etherfax")
        assert recall(it, store_with(it, KEPT, body))[1] is None


def test_a_record_of_another_provider_is_as_good_as_absent():
    for provider in SECTIONS:
        if provider != "etherfax":
            it = config(provider)
            who = identity(config("etherfax"))
            assert recall(it, store_with(it, KEPT, ETHERFAX.encode(), who)) == (0, None), provider


def test_a_record_of_another_device_is_as_good_as_absent():
    for provider, key in (
        ("etherfax", "serial"),
        ("ickstream", "hardware_id"),
        ("ickstream", "application_id"),
        ("xyte", "sn"),
        ("xyte", "mac"),
        ("centagate", "username"),
        ("centagate", "token_sn"),
        ("centagate", "token_type"),
    ):
        other = "2" if key == "token_type" else "other"
        who = identity(config(provider, {key: other}))
        it = config(provider)
        assert recall(it, store_with(it, KEPT, ETHERFAX.encode(), who)) == (0, None), key


def test_secrets_and_versions_are_no_part_of_the_identity():
    for provider, key in (
        ("ickstream", "address"),
        ("xyte", "hardware_key"),
        ("xyte", "firmware_version"),
        ("xyte", "name"),
        ("centagate", "cen_token"),
        ("centagate", "admin_username"),
    ):
        assert identity(config(provider, {key: "other"})) == identity(config(provider)), key
    for provider in SECTIONS:
        assert b"canary" not in identity(config(provider))
    assert b"ab" * 32 not in identity(config("centagate"))


def test_an_ickstream_credential_goes_with_its_registration_token():
    it = config("ickstream")
    kept = Credential("ickstream", "device-1", "token-canary", {"scheme": "Bearer"}).encode()
    other = config("ickstream", {"registration_token": "second-canary"})
    assert recall(other, store_with(other, KEPT, kept, identity(it))) == (0, None)
    erased = config("ickstream", {"registration_token": None})
    assert recall(erased, store_with(erased, KEPT, kept, identity(it)))[0] == KEPT


def test_an_identity_left_to_the_board_fits_what_the_board_once_gave():
    it = config("etherfax", {"serial": None})
    it.complete({"serial": "board"})
    who = identity(it)
    assert b"board" in who
    it = config("etherfax", {"serial": None})
    assert recall(it, store_with(it, KEPT, ETHERFAX.encode(), who))[0] == KEPT


def test_another_boards_record_is_as_good_as_absent_once_the_board_is_asked():
    it = config("etherfax", {"serial": None})
    it.complete({"serial": "board"})
    who = identity(it)
    it = config("etherfax", {"serial": None})
    it.complete({"serial": "another"})
    assert recall(it, store_with(it, KEPT, ETHERFAX.encode(), who)) == (0, None)


def test_cloud_id_instead_of_mac_is_another_identity():
    who = identity(config("xyte"))
    it = config("xyte", {"cloud_id": "x" * 20, "mac": None})
    assert recall(it, store_with(it, KEPT, ETHERFAX.encode(), who)) == (0, None)


def test_an_identity_of_garbage_is_another_one():
    for who in (b"", b"\xff", b"\n\n\n", b"etherfax", b"null", b"[]"):
        it = config("etherfax")
        assert recall(it, store_with(it, KEPT, ETHERFAX.encode(), who)) == (0, None), who


def damaged(it, *contents):
    """A store of the configuration `it` whose slots hold `contents`, which are not valid, or None for a blank one."""
    store_with(it, TRIED)
    for slot, content in enumerate(contents):
        write("%s/%d/slot" % (it.store, slot), bytes(1024) if content is None else content)
    return Store(it.store)


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
    """Beside another device's credential its own note is what is begun."""
    it = config("etherfax")
    ours = begun(identity(it))
    assert recall(it, damaged(it, ours, None)) == (TRIED, None)
    store = store_with(it, KEPT, ETHERFAX.encode(), identity(config("etherfax", {"serial": "other"})))
    write("%s/1/slot" % it.store, ours)
    assert recall(it, store) == (TRIED, None)


def test_a_slot_that_shows_nothing_is_no_attempt_where_a_note_would_stand_beside_it():
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


def test_a_note_of_another_address_says_nothing():
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
    assert recall(it, Store(it.store))[0] == KEPT


def test_what_is_written_next_never_goes_over_the_credential():
    """Another device's note is newer, or an answer that nobody understands."""
    other = identity(config("etherfax", {"serial": "other"}))
    for state, who in ((TRIED, other), (REFUSED, other), (KEPT, other), (RAW, None)):
        for ours, body in ((RAW, ANSWER), (KEPT, ETHERFAX.encode())):
            it = config("etherfax")
            store = store_with(it, ours, body)
            before = read(it.store + "/0/slot")
            store.load()
            store.save(state, who or identity(it), b"<html>")
            store = Store(it.store)
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


def test_an_answer_with_which_a_provider_cannot_cope_is_no_crash():
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


def test_headers_of_etherfax():
    kept = Credential("etherfax", "MT873615726", "54524a6421f1ddaf6781c79f9e176cfc", {})
    assert kept.headers() == {
        "Authorization": "Basic ZGV2aWNlL01UODczNjE1NzI2OjU0NTI0YTY0MjFmMWRkYWY2NzgxYzc5ZjllMTc2Y2Zj"
    }


def test_headers_of_xyte_are_the_bare_key():
    assert Credential("xyte", "id", "key", {}).headers() == {"Authorization": "key"}


def test_headers_of_ickstream_use_the_scheme_that_registered():
    for section, scheme in (({}, "Bearer"), ({"scheme": "OAuth"}, "OAuth")):
        it = config("ickstream", section)
        answer = {"jsonrpc": "2.0", "id": 1, "result": {"id": "d", "accessToken": "t"}}
        found = recall(it, store_with(it, RAW, json.dumps(answer).encode()))[1]
        again = recall(it, store_with(it, KEPT, found.encode()))[1]
        assert found.headers() == again.headers() == {"Authorization": scheme + " t"}


def test_a_credential_does_not_show_its_secret():
    for text in (repr(ETHERFAX), str(ETHERFAX), "%s" % ETHERFAX.secret, str(changed(ETHERFAX.__dict__, {}))):
        assert "canary" not in text
