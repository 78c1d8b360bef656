"""Improv over serial: what a device without a network answers, joins and saves, whatever comes over the line."""

import gc
import os

import enroll
from air_port import ERROR, RESULT, STATE, AirPort, command, frame, settings, texts
from answers import GOOD
from enroll.enroller import Enroller
from enroll.errors import EnrollError
from enroll.improv import Improv
from enroll.networks import remember, remembered
from fake_device import Device, Service
from helpers import Fake, write

SECRET = "password-canary"
AIR = {"home": SECRET, "café ☕": "", "work": SECRET}
READY, JOINING, JOINED = (STATE, b"\2"), (STATE, b"\3"), (STATE, b"\4")
BAD, UNKNOWN, UNABLE, HOSTNAME, OTHER = [(ERROR, bytes((code,))) for code in (1, 2, 3, 5, 255)]
CURRENT, ABOUT, SCAN = command(2), command(3), command(4)
WAIT = [b""] * 20  # looks at the line, while a network is joined


class Boxed:
    """A device without a network, whose client sends `script`. `said`: what it answered; `lines`: what it logged."""

    def __init__(self, *script, air=AIR, answers=((201, GOOD["etherfax"]),), provider="etherfax", **top):
        self.device = Device(provider, **top)
        self.it = self.device.it
        self.port = AirPort(air)
        self.service = Service(*answers)
        self.lines = []
        self.script = list(script)

    def run(self):
        """Run until it is registered, or its client has sent all. Returns the Credential, or None."""
        self.port.line.script = list(self.script)
        enroller = Enroller(self.it, self.port, request=self.service, log=self.lines.append)
        try:
            return enroller.run()
        except KeyboardInterrupt:
            return None
        finally:
            assert self.port.line.closed == 1, "Ctrl-C does not interrupt any more"
            assert enroller.port is self.port
            assert "canary" not in "".join(self.lines)
            self.said = self.port.line.take()

    def names(self):
        return [net["ssid"] for net in remembered(self.it)]


def answers(*script, **more):
    """What a device without a network answers to `script`."""
    it = Boxed(*script, **more)
    assert it.run() is None
    return it.said


def test_information_hostname_and_name():
    about, hostname, name = answers(ABOUT, command(5), command(6))
    assert [it[0] for it in (about, hostname, name)] == [RESULT] * 3
    firmware, version, chip, device = texts(about[1])
    assert (firmware, version) == ("enroll", enroll.__version__) and chip
    assert texts(hostname[1]) == ["kitchen", ""], "pages drop a frame whose length is a line break"
    assert texts(name[1]) == [device] and device.startswith("etherfax")


def test_a_hostname_that_is_given_must_be_the_one_it_has():
    assert answers(command(5, b"other"), command(5, b"kitchen")) == [HOSTNAME, (RESULT, b"\5\x09\7kitchen\0")]


def test_texts_that_are_too_long_for_a_frame_are_cut():
    it = Fake(port=Fake(console=lambda: line))
    line = Fake(close=None, write=lambda frame: sent.append(frame))
    sent = []
    for url, texts_ in (("u" * 300, ["u" * 250, ""]), ("u" * 249, ["u" * 249, ""]), ("u" * 200, ["u" * 200, "t" * 49])):
        Improv(it, b"").joined(url, "t" * 300)
        assert texts(sent.pop()[10:-2]) == texts_


def test_the_state():
    assert answers(CURRENT, CURRENT) == [READY, READY]


def test_a_scan_has_a_result_for_each_network_and_an_empty_one_at_the_end():
    said = answers(SCAN)
    assert {it[0] for it in said} == {RESULT} and {it[1][0] for it in said} == {4}
    assert [texts(it[1]) for it in said] == [
        ["café ☕", "-40", "NO"],
        ["home", "-41", "YES"],
        ["work", "-42", "YES"],
        [],
    ]


def test_a_scan_that_fails():
    for error in (EnrollError("network", "the network driver failed"), MemoryError()):
        it = Boxed(SCAN, SCAN)
        it.port.trouble = [error]
        it.run()
        assert it.said[0] == OTHER and len(it.said) == 5, "the next one works"


def test_a_network_is_joined_saved_and_used_to_register():
    it = Boxed(settings("home", SECRET))
    assert it.run().provider == "etherfax"
    assert it.names() == ["home"] and it.port.joined == "home" and it.port.asked[-1][0] == "home"
    joining, joined, result = it.said
    assert (joining, joined, result[0]) == (JOINING, JOINED, RESULT)
    url, text = texts(result[1])
    assert url == it.it.url and text.startswith("registered etherfax ")


def test_an_open_network_with_a_name_in_utf_8():
    it = Boxed(settings("café ☕", ""))
    assert it.run() and it.names() == ["café ☕"]


def test_a_wrong_password_is_told_and_nothing_is_saved():
    it = Boxed(settings("home", "wrong-canary"), *WAIT, settings("nowhere", SECRET), *WAIT, CURRENT)
    assert it.run() is None
    assert it.said == [JOINING, UNABLE, READY, JOINING, UNABLE, READY, READY]
    assert [line for line in it.lines if "`nowhere` not joined" in line]
    assert it.names() == []


def test_a_page_that_connects_meanwhile_is_told_that_a_network_is_being_joined():
    it = Boxed(settings("home", "wrong-canary"), CURRENT, *WAIT, CURRENT)
    it.run()
    assert it.said == [JOINING, JOINING, UNABLE, READY, READY]


def test_a_scan_leaves_the_error_that_a_page_shows():
    """Pages scan at once, by themselves, when a network could not be joined. Every other command means no error."""
    it = Boxed(settings("home", "wrong-canary"), *WAIT, SCAN, SCAN, CURRENT)
    it.run()
    assert it.port.line.errors == [0, 3, 0]


def test_the_right_password_after_a_wrong_one():
    it = Boxed(settings("home", "wrong-canary"), *WAIT, settings("home", SECRET))
    assert it.run() and it.said[3:5] == [JOINING, JOINED] and it.names() == ["home"]


def test_a_network_that_cannot_be_saved_is_told():
    it = Boxed(settings("home", SECRET))
    os.mkdir(it.it.store)
    write(it.it.store + "/networks", b"a file stands where the folder should be")
    assert it.run() and it.said[:4] == [JOINING, OTHER, READY, JOINED]


def test_another_network_is_given_while_one_is_joined():
    it = Boxed(settings("nowhere", SECRET) + settings("home", SECRET))
    assert it.run() and it.names() == ["home"]


def test_the_link_to_another_network_does_not_hide_a_wrong_password():
    it = Boxed(settings("home", SECRET), *WAIT, settings("work", "wrong-canary"), answers=[(503, b"")] * 9)
    assert it.run() is None
    assert it.names() == ["home"]
    at = it.said.index(UNABLE)
    assert it.said[at - 1 : at + 2] == [JOINING, UNABLE, READY]


def test_what_the_service_refuses_is_told():
    it = Boxed(settings("home", SECRET), *WAIT, CURRENT, answers=[(401, b"")] * 9)
    it.run()
    assert [it.said[at] for at in (0, 1, 3)] == [JOINING, JOINED, JOINED]
    results = [it.said[at][1] for at in (2, 4)]
    assert [data[0] for data in results] == [1, 2]
    for url, text in map(texts, results):
        assert url == it.it.url and "registered" not in text and ": " in text, text
    assert it.names() == ["home"], "the network works"


def test_a_code_that_the_service_wants_a_person_to_enter_is_told():
    code = {"device_code": "d", "user_code": "WDJB", "verification_uri": "https://example.com/go", "expires_in": 600}
    tokens = {"access_token": "token-canary", "token_type": "Bearer", "expires_in": 3600}
    pending = (400, {"error": "authorization_pending"})
    it = Boxed(settings("home", SECRET), provider="oauth", answers=[(200, code), pending, (200, tokens)])
    it.port.line.idle = 900
    assert it.run()
    results = [texts(data) for kind, data in it.said if kind == RESULT]
    assert results[0][0] == "https://example.com/go" and "WDJB" in results[0][1]
    assert results[-1][1].startswith("registered oauth ")


def test_a_damaged_frame_is_an_error_and_the_next_one_is_answered():
    damaged = CURRENT[:-2] + bytes((CURRENT[-2] ^ 1,)) + b"\n"
    assert answers(damaged, CURRENT) == [BAD, READY]
    assert answers(damaged + CURRENT) == [BAD, READY]


def test_a_byte_that_is_lost_or_doubled_anywhere_does_no_lasting_harm():
    for whole, step in ((CURRENT, 1), (settings("home", "wrong"), 4)):
        for at in range(0, len(whole) - 1, step):
            for broken in (whole[:at] + whole[at + 1 :], whole[:at] + whole[at : at + 1] + whole[at:]):
                for script in ((broken, ABOUT), (broken + ABOUT,)):
                    said = answers(*script)
                    assert [it for it in said if it[0] == RESULT], (at, script, said)


def test_a_damaged_length_does_not_take_in_all_that_follows():
    """Several frames are then in one; the next is whole again, and the heap does not fill up."""
    said = answers(b"IMPROV\1\3\xfa" + CURRENT * 60)
    assert said.count(READY) > 30 and said[-1] == READY, said


def test_commands_without_a_pause_are_all_answered():
    assert answers(CURRENT * 60) == [READY] * 60


def test_noise_of_every_kind_is_passed_over():
    for noise in (
        b"I",
        b"IMPRO",
        b"\xff" * 40,
        bytes(range(4, 256)),
        b"IMPROV\x02\x03",
        frame(4, b"\1\0"),
        b"I (97) wifi: run\r\n",
    ):
        assert answers(noise + CURRENT)[-1] == READY, noise
        assert answers(noise, CURRENT)[-1] == READY, noise


def test_endless_noise_is_read_in_pieces():
    it = Boxed(b"\xff" * 10000, CURRENT)
    it.run()
    assert it.said == [READY] and it.port.fed > 30


def test_commands_and_data_that_do_not_fit():
    assert answers(command(9), command(0), command(255)) == [UNKNOWN] * 3
    for data in (
        b"",
        b"\4home",
        b"\4home\x20abc",
        b"\0\0",
        b"\x21" + b"x" * 33 + b"\0",
        b"\2\xff\xfe\0",
        b"\4home\x03ab",
    ):
        assert answers(command(1, data)) == [BAD], data
    assert answers(frame(3, b""), frame(3, b"\2"), frame(3, b"\2\5")) == [BAD] * 3


def test_ctrl_c_interrupts_and_what_follows_it_is_left_to_the_prompt():
    for sent in (b"\x03\r\x01", b"\r\x03\r\x01", b"abc\r\n\x03\r\x01", CURRENT + b"\x03\r\x01"):
        it = Boxed(sent)
        assert it.run() is None
        assert it.port.line.came == b"\r\x01"


def test_a_bit_that_is_wrong_anywhere_is_no_ctrl_c():
    for whole in (CURRENT, ABOUT):
        for at in range(len(whole) - 1):
            for bit in range(8):
                broken = whole[:at] + bytes((whole[at] ^ 1 << bit,)) + whole[at + 1 :]
                assert answers(broken, CURRENT)[-1:] == [READY], broken


def test_ctrl_c_during_a_frame_is_data():
    it = Boxed(settings("ab\x03", SECRET), air={"ab\x03": SECRET})
    assert it.run() and it.names() == ["ab\x03"]


def test_ctrl_c_waits_for_the_outcome_of_a_registration():
    it = Boxed(settings("home", SECRET))
    service = it.service

    def slow(*arguments, **more):
        it.port.line.script = [b"\r\x03"]
        return service(*arguments, **more)

    it.service = slow
    it.run()
    assert enroll.stored(it.it, it.port), "the answer is kept"


def test_a_network_that_comes_back_is_joined_and_the_page_sees_it():
    it = Boxed(
        CURRENT, *[b""] * 60, air={}, retry={"first": 1, "cap": 1}, network=[{"ssid": "home", "password": SECRET}]
    )

    def sleep(seconds):
        it.port.slept.append(seconds)
        if len(it.port.slept) > 4:
            it.port.air = AIR

    it.port.sleep = sleep
    assert it.run() and it.said[0] == READY and it.said[1] == JOINED
    assert it.names() == []


def test_a_network_that_is_remembered_needs_no_client():
    it = Boxed()
    remember(it.it, "home", SECRET)
    it.port.console = None  # it would fail
    assert Enroller(it.it, it.port, request=it.service).run()


def test_two_hundred_rounds_take_no_more_heap():
    if not hasattr(gc, "mem_alloc"):
        return  # CPython
    it = Boxed(*[CURRENT, ABOUT, SCAN, command(9), b"IMPROV\x01\x03\xff"] * 40)
    line = it.port.line
    seen = [0, 0]  # bytes in use after a few rounds, and at the end
    it.port.sleep = lambda seconds: None  # the fake one remembers each

    def feed():
        line.said.clear()
        if len(line.script) in (180, 1):
            gc.collect()
            seen[len(line.script) == 1] = gc.mem_alloc()

    it.port.feed = feed
    it.run()
    assert 0 < seen[1] <= seen[0] + 128, seen
