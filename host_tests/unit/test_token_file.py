"""A new registration token is written into enroll.json: whatever fails on the way, there is a file that loads."""

import os

import enroll
import enroll.rewrite as rewrite_module
from enroll.token import set_registration_token
from fake_device import GOOD
from fake_session import Cut
from helpers import Fake, patched, read
from token_device import KEY, NEW, TokenDevice


class Files:
    """`open` and `os.remove` that fail at the operation number `at`, before it or, for `half`, when it is half done."""

    fault = Cut

    def __init__(self, at):
        self.at = at
        self.done = 0
        self.half = False

    def step(self):
        self.done += 1
        return self.done == self.at

    def open(self, path, mode="r"):
        fails = mode != "r" and self.step()
        if fails and not self.half:
            raise self.fault
        return File(self, open(path, mode), fails)

    def remove(self, path):
        if self.step():
            raise self.fault
        os.remove(path)


class File:
    def __init__(self, files, file, fails):
        self.files = files
        self.file = file
        self.fails = fails

    def __enter__(self):
        if self.fails:
            self.file.close()  # it is empty now
            raise self.files.fault
        return self

    def __exit__(self, *_):
        self.file.close()

    def read(self):
        return self.file.read()

    def write(self, text):
        if self.files.step():
            self.file.write(text[: len(text) // 2 if self.files.half else 0])
            self.file.close()
            raise self.files.fault
        return self.file.write(text)


# the token is in the first half
LONG = [{"ssid": "network-%d" % number, "password": "password"} for number in range(9)]


def names(device):
    return sorted(os.listdir(device.path.rsplit("/", 1)[0]))


def given(device, token, at, half):
    """Give `token` while power fails at the operation number `at`; whether it was not reached."""
    files = Files(at)
    files.half = half
    with patched(rewrite_module, open=files.open, os=Fake(remove=files.remove, stat=os.stat)):
        try:
            set_registration_token(device.it, token, device.port)
            return True
        except Cut:
            return False


def every_cut(device=lambda: TokenDevice(network=LONG)):
    """A TokenDevice for each point at which power fails while it is given NEW, with what is left of its file."""
    for half in (False, True):
        at = 0
        done = False
        while not done:
            at += 1
            one = device()
            done = given(one, NEW, at, half)
            yield one, done
        assert at > 5


def test_power_that_fails_at_any_point_leaves_the_old_file_or_the_new_one():
    for device, done in every_cut():
        device.load()
        now = device.it.section[KEY].reveal()
        assert now == NEW or (now == "once-canary" and not done)
        assert [one["ssid"] for one in device.it.network] == [one["ssid"] for one in LONG]
        assert device.boot((200, GOOD["ickstream"])) == (now, "token-canary")


def test_the_used_token_is_erased_and_the_file_is_whole_again_after_such_a_cut():
    for device, _ in every_cut():
        device.boot((200, GOOD["ickstream"]))
        assert device.boot() == (None, "token-canary"), "the file still loads"
        assert len(device.it.network) == len(LONG)
        assert "enroll.json.whole" not in names(device) and b"canary" not in read(device.path)


def test_power_that_fails_twice_leaves_a_file_that_loads():
    for at in range(1, 8):
        for device, _ in every_cut():
            device.load()
            given(device, "third-canary", at, False)
            device.load()
            assert device.it.section[KEY].reveal() in ("once-canary", NEW, "third-canary")


def test_flash_that_is_full_at_any_point_is_an_error_that_changes_nothing_or_no_error():
    """Half of what should be written is there then."""
    for half in (False, True):
        for at in range(1, 6):
            device = TokenDevice(network=LONG)
            files = Files(at)
            files.half, files.fault = half, OSError(28, "full")
            wanted = NEW
            with patched(rewrite_module, open=files.open, os=Fake(remove=files.remove, stat=os.stat)):
                try:
                    set_registration_token(device.it, NEW, device.port)
                except enroll.EnrollError as error:
                    assert error.kind == "storage"
                    wanted = "once-canary"
            assert device.it.section[KEY].reveal() == wanted, (half, at)
            device.load()
            assert device.it.section[KEY].reveal() == wanted, (half, at)
