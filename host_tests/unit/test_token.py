"""A registration token given at run time: its effect on the file, the credential and the next registration."""

import json
import os

import enroll
import enroll.rewrite as rewrite_module
from answers import GOOD
from enroll.commit import Journal
from enroll.journal import KEPT, recall
from enroll.token import set_registration_token
from fake_device import Device, Port
from helpers import Fake, config, patched, raises, read
from token_device import KEY, NEW, SECOND, TokenDevice


def secret(it):
    found = enroll.stored(it, Port())
    return found and found.secret.reveal()


def test_a_new_token_registers_again_and_the_old_credential_stays_until_then():
    device = TokenDevice().registered()
    enroll.set_registration_token(device.it, NEW, device.port)
    assert enroll.stored(device.it, device.port) is None and b"token-canary" in device.kept()
    device.load()
    assert enroll.stored(device.it, device.port) is None, "also after a reset"
    for answer in ((503, b""), (401, b""), OSError(104, "reset")):
        assert device.boot(answer)[0] == NEW
        assert b"token-canary" in device.kept(), answer
    assert device.boot((200, SECOND)) == (NEW, "later-canary")
    assert device.boot() == (None, "later-canary")
    assert b"second-canary" not in read(device.path)


def test_after_a_refused_token_the_one_before_it_still_has_its_credential():
    device = TokenDevice().registered()
    set_registration_token(device.it, NEW, device.port)
    device.boot((401, b""))
    set_registration_token(device.it, "once-canary", device.port)
    assert device.boot() == (None, "token-canary")


def test_the_same_token_again_costs_no_registration():
    device = TokenDevice().registered()
    for _ in range(2):
        set_registration_token(device.it, "once-canary", device.port)
        assert secret(device.it) == "token-canary"
    assert device.boot() == (None, "token-canary")
    assert b"once-canary" not in read(device.path)


def test_a_token_for_a_device_that_is_not_registered_yet():
    device = TokenDevice(ickstream={"hardware_id": "hw-1", "application_id": "app-1"})
    raises("configuration", device.boot)
    set_registration_token(device.it, NEW, device.port)
    assert device.boot((200, GOOD["ickstream"])) == (NEW, "token-canary")


def test_an_empty_token_unregisters_and_leaves_the_file():
    for empty in ("", "  ", None):
        device = TokenDevice()
        device.boot((200, GOOD["ickstream"]))
        set_registration_token(device.it, NEW, device.port)
        set_registration_token(device.it, empty, device.port)
        assert enroll.stored(device.it, device.port) is None and b"canary" not in device.kept()
        assert b"canary" not in read(device.path) and device.it.section[KEY] is None
        assert "fetch" in str(raises("configuration", device.boot))
        set_registration_token(device.it, NEW, device.port)
        assert device.boot((200, SECOND)) == (NEW, "later-canary")


def test_a_service_without_such_tokens_is_an_error():
    for provider in ("etherfax", "xyte", "centagate"):
        it = config(provider)
        error = raises("configuration", set_registration_token, it, NEW, Port())
        assert provider in str(error) and KEY not in it.section


def test_a_token_that_no_header_can_carry_changes_nothing():
    device = TokenDevice().registered()
    before = read(device.path)
    for wrong in ("a\nb-canary", "a\r\nX: canary", "\x00canary", "\xe9-canary", "\u2603canary", 7, ["canary"], True):
        assert KEY in str(raises("configuration", set_registration_token, device.it, wrong, device.port))
        assert read(device.path) == before and secret(device.it) == "token-canary"
        assert device.it.section[KEY] is None


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
    device = TokenDevice(ickstream=section, network=[odd], retry={"first": 1.5, "cap": 60}, timeout=7.25)
    before = json.loads(read(device.path))
    set_registration_token(device.it, 'q"u\\o/te-canary', device.port)
    after = json.loads(read(device.path))
    assert after["ickstream"].pop(KEY) == 'q"u\\o/te-canary' and after == before
    device.load()
    assert device.it.section[KEY].reveal() == 'q"u\\o/te-canary' and device.it.network[0]["ssid"] == odd["ssid"]
    assert os.listdir(device.path.rsplit("/", 1)[0]) == ["enroll.json"]


def test_a_file_that_cannot_be_written_is_an_error_of_storage_and_nothing_is_changed():
    device = TokenDevice().registered()
    before = read(device.path)

    def full(path, mode="r"):
        if "w" in mode:
            raise OSError(28, "full")
        return open(path, mode)

    for token in (NEW, ""):
        with patched(rewrite_module, open=full):
            raises("storage", set_registration_token, device.it, token, device.port)
        assert read(device.path) == before and secret(device.it) == "token-canary"
        assert device.it.section[KEY] is None


def test_a_file_that_reads_back_as_something_else_is_an_error_of_storage():
    device = TokenDevice()
    lies = Fake(read=lambda: "{}", write=lambda text: len(text), __enter__=None)

    class Lies:
        def __enter__(self):
            return lies

        def __exit__(self, *_):
            pass

    with patched(rewrite_module, open=lambda path, mode="r": Lies()):
        raises("storage", set_registration_token, device.it, NEW, device.port)
    assert device.it.section[KEY].reveal() == "once-canary"


def test_a_file_that_has_gone_is_an_error_and_nothing_is_changed():
    device = TokenDevice().registered()
    os.remove(device.path)
    raises("configuration", set_registration_token, device.it, NEW, device.port)
    assert secret(device.it) == "token-canary"


def test_a_new_address_without_a_token_says_where_the_device_is_registered():
    device = TokenDevice().registered()
    device.change(url="http://elsewhere/api")
    raises("configuration", enroll.stored, device.it, device.port)
    error = str(raises("configuration", device.boot))
    assert "http://elsewhere/api" in error and "http://localhost/api" in error and not device.service.requests
    device.change(url="http://localhost/api")
    assert device.boot() == (None, "token-canary"), "the address it was given for"


def test_a_new_address_with_a_new_token_registers_there():
    device = TokenDevice().registered()
    device.change(url="http://elsewhere/api")
    set_registration_token(device.it, NEW, device.port)
    assert device.boot((200, SECOND)) == (NEW, "later-canary")
    assert device.service.requests[0][1] == "http://elsewhere/api"


def test_a_used_token_that_power_left_in_the_file_is_erased_without_network():
    device = TokenDevice()
    before = read(device.path)
    device.boot((200, GOOD["ickstream"]))
    with open(device.path, "wb") as file:
        file.write(before)
    device.load()
    assert secret(device.it) == "token-canary"
    assert device.boot() == (None, "token-canary") and device.port.connected == 0
    assert b"once-canary" not in read(device.path)


def test_no_record_holds_the_token():
    device = TokenDevice().registered()
    set_registration_token(device.it, NEW, device.port)
    device.boot((503, b""))
    assert b"once-canary" not in device.kept() and NEW.encode() not in device.kept()
    assert recall(device.it, Journal(device.it.store))[0] != KEPT


def test_other_keys_of_the_device_still_count():
    """A credential is of one hardware id, whatever the token."""
    device = TokenDevice().registered()
    section = dict(json.loads(read(device.path))["ickstream"], hardware_id="hw-2")
    device.change(ickstream=section)
    assert enroll.stored(device.it, device.port) is None
    assert Port().identity() == {}
