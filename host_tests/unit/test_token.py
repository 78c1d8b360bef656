"""A registration token that comes at run time: what becomes of the file, the credential and the next registration."""

import json
import os

import enroll
import enroll.rewrite as rewrite_module
from boots import GOOD, Device, Port
from enroll.commit import Journal
from enroll.journal import KEPT, recall
from enroll.token import set_registration_token
from helpers import Fake, config, patched, raises, read
from player import KEY, NEW, SECOND, Player


def secret(it):
    found = enroll.stored(it, Port())
    return found and found.secret.reveal()


def test_a_new_token_registers_anew_and_the_old_credential_stays_until_then():
    player = Player().registered()
    enroll.set_registration_token(player.it, NEW, player.device.port)
    assert enroll.stored(player.it, player.device.port) is None and b"token-canary" in player.kept()
    player.load()
    assert enroll.stored(player.it, player.device.port) is None, "also after a reset"
    for answer in ((503, b""), (401, b""), OSError(104, "reset")):
        assert player.boot(answer)[0] == NEW
        assert b"token-canary" in player.kept(), answer
    assert player.boot((200, SECOND)) == (NEW, "later-canary")
    assert player.boot() == (None, "later-canary")
    assert b"second-canary" not in read(player.path)


def test_after_a_refused_token_the_one_before_it_still_has_its_credential():
    player = Player().registered()
    set_registration_token(player.it, NEW, player.device.port)
    player.boot((401, b""))
    set_registration_token(player.it, "once-canary", player.device.port)
    assert player.boot() == (None, "token-canary")


def test_the_same_token_again_costs_no_registration():
    player = Player().registered()
    for _ in range(2):
        set_registration_token(player.it, "once-canary", player.device.port)
        assert secret(player.it) == "token-canary"
    assert player.boot() == (None, "token-canary")
    assert b"once-canary" not in read(player.path)


def test_a_token_for_a_device_that_is_not_registered_yet():
    player = Player(ickstream={"hardware_id": "hw-1", "application_id": "app-1"})
    raises("configuration", player.boot)
    set_registration_token(player.it, NEW, player.device.port)
    assert player.boot((200, GOOD["ickstream"])) == (NEW, "token-canary")


def test_an_empty_token_unregisters_and_leaves_the_file():
    for empty in ("", "  ", None):
        player = Player()
        player.boot((200, GOOD["ickstream"]))
        set_registration_token(player.it, NEW, player.device.port)
        set_registration_token(player.it, empty, player.device.port)
        assert enroll.stored(player.it, player.device.port) is None and b"canary" not in player.kept()
        assert b"canary" not in read(player.path) and player.it.section[KEY] is None
        assert "fetch" in str(raises("configuration", player.boot))
        set_registration_token(player.it, NEW, player.device.port)
        assert player.boot((200, SECOND)) == (NEW, "later-canary")


def test_a_service_without_such_tokens_is_an_error():
    for provider in ("etherfax", "xyte", "centagate"):
        it = config(provider)
        error = raises("configuration", set_registration_token, it, NEW, Port())
        assert provider in str(error) and KEY not in it.section


def test_a_token_that_no_header_can_carry_changes_nothing():
    player = Player().registered()
    before = read(player.path)
    for wrong in ("a\nb-canary", "a\r\nX: canary", "\x00canary", "\xe9-canary", "\u2603canary", 7, ["canary"], True):
        assert KEY in str(raises("configuration", set_registration_token, player.it, wrong, player.device.port))
        assert read(player.path) == before and secret(player.it) == "token-canary"
        assert player.it.section[KEY] is None


def test_a_configuration_that_came_from_no_file_has_its_token_until_the_reset():
    device = Device("ickstream")
    device.boot((200, GOOD["ickstream"]))
    set_registration_token(device.it, NEW, device.port)
    assert enroll.stored(device.it, device.port) is None
    assert device.boot((200, SECOND)).credential.secret.reveal() == "later-canary"
    set_registration_token(device.it, "", device.port)
    assert enroll.stored(device.it, device.port) is None


def test_the_values_of_the_file_survive_whatever_they_are():
    odd = {"ssid": 'a"b\\c \u2603', "password": "p}],:{[canary"}
    section = {"hardware_id": "hw-1", "application_id": "app-1", "scheme": "OAuth", "address": None}
    player = Player(ickstream=section, network=[odd], retry={"first": 1.5, "cap": 60}, timeout=7.25)
    before = json.loads(read(player.path))
    set_registration_token(player.it, 'q"u\\o/te-canary', player.device.port)
    after = json.loads(read(player.path))
    assert after["ickstream"].pop(KEY) == 'q"u\\o/te-canary' and after == before
    player.load()
    assert player.it.section[KEY].reveal() == 'q"u\\o/te-canary' and player.it.network[0]["ssid"] == odd["ssid"]
    assert os.listdir(player.path.rsplit("/", 1)[0]) == ["enroll.json"]


def test_a_file_that_cannot_be_written_is_an_error_of_storage_and_nothing_is_changed():
    player = Player().registered()
    before = read(player.path)

    def full(path, mode="r"):
        if "w" in mode:
            raise OSError(28, "full")
        return open(path, mode)

    for token in (NEW, ""):
        with patched(rewrite_module, open=full):
            raises("storage", set_registration_token, player.it, token, player.device.port)
        assert read(player.path) == before and secret(player.it) == "token-canary"
        assert player.it.section[KEY] is None


def test_a_file_that_reads_back_as_something_else_is_an_error_of_storage():
    player = Player()
    lies = Fake(read=lambda: "{}", write=lambda text: len(text), __enter__=None)

    class Lies:
        def __enter__(self):
            return lies

        def __exit__(self, *_):
            pass

    with patched(rewrite_module, open=lambda path, mode="r": Lies()):
        raises("storage", set_registration_token, player.it, NEW, player.device.port)
    assert player.it.section[KEY].reveal() == "once-canary"


def test_a_file_that_has_gone_is_an_error_and_nothing_is_changed():
    player = Player().registered()
    os.remove(player.path)
    raises("configuration", set_registration_token, player.it, NEW, player.device.port)
    assert secret(player.it) == "token-canary"


def test_a_new_address_without_a_token_says_where_the_device_is_registered():
    player = Player().registered()
    player.change(url="http://elsewhere/api")
    raises("configuration", enroll.stored, player.it, player.device.port)
    error = str(raises("configuration", player.boot))
    assert "http://elsewhere/api" in error and "http://localhost/api" in error and not player.device.service.requests
    player.change(url="http://localhost/api")
    assert player.boot() == (None, "token-canary"), "the address it was given for"


def test_a_new_address_with_a_new_token_registers_there():
    player = Player().registered()
    player.change(url="http://elsewhere/api")
    set_registration_token(player.it, NEW, player.device.port)
    assert player.boot((200, SECOND)) == (NEW, "later-canary")
    assert player.device.service.requests[0][1] == "http://elsewhere/api"


def test_a_used_token_that_power_left_in_the_file_is_erased_without_network():
    player = Player()
    before = read(player.path)
    player.boot((200, GOOD["ickstream"]))
    with open(player.path, "wb") as file:
        file.write(before)
    player.load()
    assert secret(player.it) == "token-canary"
    assert player.boot() == (None, "token-canary") and player.device.port.connected == 0
    assert b"once-canary" not in read(player.path)


def test_no_record_holds_the_token():
    player = Player().registered()
    set_registration_token(player.it, NEW, player.device.port)
    player.boot((503, b""))
    assert b"once-canary" not in player.kept() and NEW.encode() not in player.kept()
    assert recall(player.it, Journal(player.it.store))[0] != KEPT


def test_other_keys_of_the_device_still_count():
    """A credential is of one hardware id, whatever the token."""
    player = Player().registered()
    section = dict(json.loads(read(player.path))["ickstream"], hardware_id="hw-2")
    player.change(ickstream=section)
    assert enroll.stored(player.it, player.device.port) is None
    assert Port().identity() == {}
