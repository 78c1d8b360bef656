"""A new registration token is written into enroll.json: whatever fails on the way, there is a file that loads."""

from answers import GOOD
from enroll.token import set_registration_token
from flash import ENOSPC, on_flash
from helpers import read
from power import CLEAN, TORN, Failure, cut_everywhere
from token_device import KEY, NEW, TokenDevice

# the token is in the first half
LONG = [{"ssid": "network-%d" % number, "password": "password"} for number in range(9)]


def long():
    return on_flash(lambda: TokenDevice(network=LONG))


def given(token):
    """The scenario in which a device is given `token`."""

    def give(device):
        with device.flash:
            device.load()
            set_registration_token(device.it, token, device.port)

    return give


def test_power_that_fails_at_any_point_leaves_the_old_file_or_the_new_one():
    def check(device, point):
        with device.flash:
            device.load()
            now = device.it.section[KEY].reveal()
            assert now == NEW or (now == "once-canary" and point.error)
            assert [one["ssid"] for one in device.it.network] == [one["ssid"] for one in LONG]
            assert device.boot((200, GOOD["ickstream"])) == (now, "token-canary")

    assert len(cut_everywhere(long, given(NEW), check, (CLEAN, TORN))) >= 10


def test_the_used_token_is_erased_and_the_file_is_whole_again_after_such_a_cut():
    def check(device, point):
        with device.flash as flash:
            device.boot((200, GOOD["ickstream"]))
            assert device.boot() == (None, "token-canary"), "the file still loads"
            assert len(device.it.network) == len(LONG)
            assert device.path + ".whole" not in flash.files and b"canary" not in read(device.path)

    cut_everywhere(long, given(NEW), check, (CLEAN, TORN))


def test_power_that_fails_twice_leaves_a_file_that_loads():
    def loads(device, point):
        with device.flash:
            device.load()
            assert device.it.section[KEY].reveal() in ("once-canary", NEW, "third-canary")

    def again(device, point):
        left = device.flash

        def booted():
            device.flash = left.copy()
            return device

        cut_everywhere(booted, given("third-canary"), loads)

    cut_everywhere(long, given(NEW), again, (CLEAN, TORN))


def test_flash_that_is_full_at_any_point_is_an_error_that_changes_nothing_or_no_error():
    """Half of what should be written is there then."""

    def check(device, point):
        assert not point.error or point.error.kind == "storage"
        wanted = "once-canary" if point.error else NEW
        assert device.it.section[KEY].reveal() == wanted
        with device.flash:
            device.load()
            assert device.it.section[KEY].reveal() == wanted

    full = [Failure(leaves, ENOSPC, False) for leaves in ("clean", "torn")]
    assert len(cut_everywhere(long, given(NEW), check, full)) >= 10
