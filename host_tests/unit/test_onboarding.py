"""What goes on beside the ways to be given a network: late outcomes, sessions, and a page that visits."""

import enroll
from air_port import RESULT, STATE, AirPort, command, settings, texts
from answers import GOOD
from enroll import tasks
from enroll.enroller import Enroller
from enroll.networks import remembered
from enroll.visit import visit
from fake_device import Device, Service
from helpers import Fake, patched, raises
from ticking import beside

SECRET = "password-canary"
AIR = {"home": SECRET}
CURRENT = command(2)
READY, JOINED = (STATE, b"\2"), (STATE, b"\4")


class Slow(AirPort):
    """Its link takes a while, although it is joined."""

    def connect(self, networks):
        if self.joined:
            for _ in range(9):
                yield 0.25
        yield from super().connect(networks)


def test_a_client_is_answered_before_it_gives_up():
    device = Device("etherfax")
    port = Slow(AIR)
    port.line.idle = 999
    port.line.script = [settings("home", SECRET)]
    from enroll import onboarding  # the module that is used next: it is unloaded after use

    now = [0]

    def ticks():
        now[0] += 1000
        return now[0]

    with patched(onboarding, ticks_ms=ticks, ticks_diff=lambda later, before: later - before):
        assert Enroller(device.it, port, request=Service((201, GOOD["etherfax"]))).run()
    results = [texts(data) for kind, data in port.line.said if kind == RESULT]
    assert [it[1][:10] for it in results] == ["joined, re", "registered"]
    assert {it[0] for it in results} == {device.it.url}


def test_it_goes_on_beside_other_tasks():
    device = Device("etherfax")
    port = AirPort(AIR)
    port.line.script = [settings("home", SECRET)]
    port.line.idle = 999
    ticks = beside(Enroller(device.it, port, request=Service((201, GOOD["etherfax"]))).arun())
    assert port.joined == "home" and port.line.closed == 1 and ticks > 5


def registered():
    """A device that is registered, and whose board has no network any more: (device, port)."""
    device = Device("etherfax")
    device.boot((201, GOOD["etherfax"]))
    return device, AirPort(AIR)


def test_a_session_without_a_network_is_given_one():
    from enroll import onboarding

    device, port = registered()
    port.line.script = [settings("home", SECRET)]
    session = enroll.Session(device.it, port)
    session.run(onboarding.online(session))
    assert port.joined == "home" and [net["ssid"] for net in remembered(device.it)] == ["home"]
    assert port.line.closed == 1 and session.port is port
    session.run(onboarding.online(session))
    assert port.line.closed == 1, "with a network that works nobody is asked"


def test_a_session_on_a_board_that_cannot_scan_is_given_none():
    from enroll import onboarding

    device, air = registered()
    names = ("connect", "drop", "feed", "identity", "set_clock")

    def sleep(seconds):
        raise AssertionError("it waits for a person")

    session = enroll.Session(device.it, Fake(sleep=sleep, **{name: getattr(air, name) for name in names}))
    raises("configuration", session.run, onboarding.online(session))


def test_a_session_whose_heap_is_full_is_given_none():
    from enroll import onboarding

    device, air = registered()
    air.kind = "memory"
    device.it.network = [{"ssid": "factory", "password": None}]
    session = enroll.Session(device.it, air)
    raises("memory", session.run, onboarding.online(session))


def test_a_person_who_went_away_is_waited_for_no_longer_than_15_seconds():
    """They gave a network on the page, and never saw what became of it."""
    from enroll.onboarding import Onboarding

    device, air = registered()
    slept = []
    port = Fake(feed=air.feed, sleep=slept.append)
    way = Fake(busy=True, poll=lambda: None, joined=lambda url, text: None, close=lambda: None)

    def attempt():
        yield 0
        return None, 7, "registered"

    it = Onboarding(Fake(config=device.it, port=port, sent=False), attempt)
    it.ways.append(way)
    assert tasks.run(it.run(0), port.feed, port.sleep) == 7
    assert 15 <= sum(slept) <= 17


def test_ctrl_c_waits_for_a_registration_and_says_so_once():
    from enroll.onboarding import Onboarding

    device, air = registered()
    said = []
    owner = Fake(config=device.it, port=Fake(feed=air.feed, sleep=air.sleep), sent=True, warn=said.append)

    def attempt():
        for _ in range(3):
            yield 0.1
        owner.sent = False
        yield 0.1

    it = Onboarding(owner, attempt)
    it.ways.append(Fake(poll=lambda: setattr(it, "interrupted", True), close=lambda: None))
    try:
        tasks.run(it.run(0), air.feed, air.sleep)
    except KeyboardInterrupt:
        assert said == ["registering, will stop then"]
        return
    raise AssertionError


def visited(come, *script):
    """(device, port) after a KeyboardInterrupt, where `come` is what has come; `script` is what the page sends then.

    The page is silent in the end.
    """
    device, port = registered()
    port.line.came = come
    port.line.script = list(script)
    port.line.idle = 9999
    try:
        visit(port, lambda: Enroller(device.it, port))
    finally:
        assert port.line.closed, "Ctrl-C does not interrupt any more"
    return device, port


def test_a_page_that_visits_is_answered_whatever_the_port_has_kept():
    """The Ctrl-C in a command is not there; some boards drop what came before it, too."""
    head, rest = CURRENT.split(b"\x03", 1)
    for come in (head + rest, rest, rest[:-1]):
        _, port = visited(come)
        state, (kind, data) = port.line.take()[-2:]
        assert state == JOINED and kind == RESULT and texts(data)[1].startswith("registered etherfax ")
        assert not port.asked, "a device that is registered needs no network for that"


def test_a_page_that_visits_is_answered_until_it_is_silent_for_ten_seconds():
    pause = [b""] * 150  # looks at the line, of which there are 20 in a second
    _, port = visited(CURRENT.split(b"\x03", 1)[1], *pause, CURRENT, *pause, CURRENT, *(4 * pause), CURRENT)
    assert port.line.take().count(JOINED) == 4, "two of them to the first command: once more when it is known"


def test_a_page_that_visits_changes_the_network():
    device, port = visited(CURRENT.split(b"\x03", 1)[1], settings("home", SECRET))
    assert [net["ssid"] for net in remembered(device.it)] == ["home"] and port.joined == "home"


def test_a_person_who_presses_ctrl_c_gets_the_prompt():
    for come in (b"", b"\r\x01", b"\x01", b"ab\r", b"\x02\x01\x02\x03", b"IMPROV\x01", b"\x03"):
        try:
            visited(come)
        except KeyboardInterrupt:
            continue
        raise AssertionError(come)


def test_a_port_without_a_console_is_interrupted():
    class Port:
        pass

    try:
        visit(Port(), None)
    except KeyboardInterrupt:
        return
    raise AssertionError
