"""What the store knows for a configuration, and what a credential shows."""

import json

import enroll
from enroll.commit import Journal
from enroll.credential import Credential
from enroll.journal import KEPT, RAW, REFUSED, TRIED, identity, recall
from fake_device import Port
from helpers import SECTIONS, changed, config, folder

ETHERFAX = Credential(config("etherfax"), "MT873615726", "token-canary", {"note": "x"})

ANSWER = b'{"DeviceToken": "token-canary", "more": [1, null, "\xc3\xa9"]}'


def store_with(it, state=None, body=b"", who=None):
    """A store in a new folder, which becomes the one of the configuration `it`, with one record or none."""
    it.store = folder() + "/state"
    store = Journal(it.store)
    store.load()
    if state is not None:
        store.prepare()
        store.save(state, identity(it) if who is None else who, body)
    store.close()
    return Journal(it.store)


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
        Credential(config("etherfax"), "x", "y", {}),
        Credential(config("etherfax"), "é", "ü€", {"deep": {"list": [1, 2.5, None, True, "é\n"]}, "": ""}),
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


# Written by an earlier build whose modules had other names: nothing on flash depends on module names.
WRITTEN = {
    "etherfax": b"\x04)\x00\x1b\x00http://localhost/api\netherfax\nMT873615726"
    b'["MT873615726", "t", {}, 0]\xe8\x05\xab\x9f',
    "ickstream": b"\x044\x00*\x00http://localhost/api\nickstream\nhw-1\napp-1\n3087301873"
    b'["device-1", "t", {"scheme": "Bearer"}, 0]\xc2\x97\xd8\xd6',
    "xyte": b"\x041\x00/\x00http://localhost/api\nxyte\nsn-1\n00:11:22:33:44:55\n"
    b'["device-1", "t", {"hub_url": "http://hub"}, 0]\x0b\xf6&d',
    "centagate": b"\x043\x00.\x00http://localhost/api\ncentagate\nuser-1\n60123456789\n1"
    b'["60123456789", "", {"username": "user-1"}, 0]\xdf\xe1uu',
}


def test_a_record_of_an_earlier_build_is_read_back():
    for name in SECTIONS:
        it = config(name)
        slot = Journal(store_with(it).path)
        slot.prepare()
        with open(slot.name(0), "r+b") as file:
            file.write(b"ENR\x01\x01\x00\x00\x00" + WRITTEN[name])
        found = enroll.stored(it, Port())
        assert (found.provider, found.device_id) == (name, json.loads(found.encode())[0]), name
        assert found.encode() in WRITTEN[name]


def test_stored_is_the_kept_credential():
    it = config("etherfax")
    store_with(it, KEPT, ETHERFAX.encode())
    assert enroll.stored(it, Port()).secret.reveal() == "token-canary"


def test_forget_forgets():
    it = config("etherfax")
    store_with(it, KEPT, ETHERFAX.encode())
    enroll.forget(it, Port())
    assert enroll.stored(it, Port()) is None
    assert recall(it, Journal(it.store)) == (0, None)


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
    state, found = recall(it, Journal(it.store))
    assert state == RAW and found.secret.reveal() == "token-canary"


def test_the_first_of_many_answers_that_are_not_understood_stays():
    it = config("etherfax")
    store = store_with(it, RAW, ANSWER)
    store.load()
    for n in range(5):
        store.begin()
        store.save(RAW, identity(it), b"<html>%d" % n)
    assert Journal(it.store).load()[2] == b"<html>4"
    assert recall(it, Journal(it.store))[1].secret.reveal() == "token-canary"


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
    kept = Credential(config("ickstream"), "device-1", "token-canary", {"scheme": "Bearer"}).encode()
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


def test_headers_of_etherfax():
    kept = Credential(config("etherfax"), "MT873615726", "54524a6421f1ddaf6781c79f9e176cfc", {})
    assert kept.headers(0) == {
        "Authorization": "Basic ZGV2aWNlL01UODczNjE1NzI2OjU0NTI0YTY0MjFmMWRkYWY2NzgxYzc5ZjllMTc2Y2Zj"
    }


def test_headers_of_xyte_are_the_bare_key():
    assert Credential(config("xyte"), "id", "key", {}).headers(0) == {"Authorization": "key"}


def test_headers_of_ickstream_use_the_scheme_that_registered():
    for section, scheme in (({}, "Bearer"), ({"scheme": "OAuth"}, "OAuth")):
        it = config("ickstream", section)
        answer = {"jsonrpc": "2.0", "id": 1, "result": {"id": "d", "accessToken": "t"}}
        found = recall(it, store_with(it, RAW, json.dumps(answer).encode()))[1]
        again = recall(it, store_with(it, KEPT, found.encode()))[1]
        assert found.headers(0) == again.headers(0) == {"Authorization": scheme + " t"}


def test_a_credential_does_not_show_its_secret():
    for text in (repr(ETHERFAX), str(ETHERFAX), "%s" % ETHERFAX.secret, str(changed(ETHERFAX.__dict__, {}))):
        assert "canary" not in text
