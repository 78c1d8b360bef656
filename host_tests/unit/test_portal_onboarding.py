"""The page in the device's own network, beside the attempts of a device that can join no other."""

import gc

from air_port import AirPort
from answers import GOOD
from booth import NAME, OWN
from enroll.enroller import Enroller
from enroll.networks import remembered
from enroll.onboarding import online
from fake_device import Device, Service
from helpers import Fake, drive, folder, saved
from visitor import Point, Visitor, form, request

SECRET = "password-canary"
PORTAL = {"ssid": NAME, "password": OWN}


class PhonePort:
    """A board in reach of the network `home`.

    `script`: what a person does, (what the page must say before, what their phone sends then). Until then, and after,
    the phone loads the page again and again. `shown`: these visits, each page once in a row, so that they fit a board.
    """

    def __init__(self, *script):
        self._air = AirPort({"home": SECRET})
        self._script = list(script)
        self._polls = 0
        self.points = []
        self.shown = []
        for name in ("connect", "drop", "scan", "feed", "identity", "set_clock", "hostname"):
            setattr(self, name, getattr(self._air, name))

    def sleep(self, seconds):
        assert seconds <= 0.25

    def access_point(self, ssid, password):
        assert (ssid, password) == (NAME, OWN)
        self.points.append(Point())
        self.points[-1].answer = self._poll
        return self.points[-1]

    def _poll(self):
        self._polls += 1
        assert self._polls < 2000, "it never ends: %r" % self.shown[-1].text
        if self.shown and self.shown[-1].open:
            return
        if len(self.shown) > 1 and self.shown[-1].got == self.shown[-2].got:
            self.shown.pop()
        visitor = None
        if self._script and self.shown and self._script[0][0] in self.shown[-1].text:
            visitor = self._script.pop(0)[1](self.shown)
        self.shown.append(visitor or Visitor(request()))
        self.points[-1].waiting.append(self.shown[-1])


def give(ssid, password):
    """The phone fills in the form of the page that it has seen last."""

    def send(shown):
        key = [it.text for it in shown if "name=k" in it.text][-1].partition("name=k value=")[2].partition(">")[0]
        return Visitor(request(method="POST", body=form(key, ssid, password)))

    return send


class Boxed:
    """A device without a network, whose enroll.json has `portal`. `lines`: what it logs."""

    def __init__(self, *script, portal=PORTAL):
        self.device = Device("etherfax", retry={"first": 2, "cap": 9})
        self.it = self.device.it
        self.it.path = saved({"portal": portal}, folder())
        self.port = PhonePort(*script)
        self.lines = []

    def run(self):
        enroller = Enroller(self.it, self.port, request=Service((201, GOOD["etherfax"])), log=self.lines.append)
        found = enroller.run()
        assert "canary" not in "".join(self.lines)
        return found

    def pages(self):
        return [it.text for it in self.port.shown if it.text]


def test_a_network_is_joined_remembered_and_used_to_register():
    it = Boxed(("<form", give("home", "wrong-canary")), ("not joined", give("home", SECRET)))
    assert it.run().provider == "etherfax"
    assert [net["ssid"] for net in remembered(it.it)] == ["home"]
    pages = "".join(it.pages())
    assert "Joining home" in pages and "`home` not joined" in pages
    assert "The network works: registered etherfax" in it.pages()[-1], "the person saw how it ended"
    assert not it.port.points[0].open and len(it.port.points) == 1


def test_no_network_is_made_unless_enroll_json_asks_for_it():
    for portal, said in (
        (None, ""),
        ({}, ""),
        ({"ssid": NAME}, "`portal.password` is missing"),
        ({"ssid": NAME, "password": "canary"}, "`portal.password` must be"),
    ):
        it = Boxed(portal=portal)
        it.port._air.air["factory"] = ""  # comes into reach later
        factory = [{"ssid": "factory", "password": None}]
        it.port.feed = lambda it=it, factory=factory: setattr(it.it, "network", factory)
        assert it.run() and not it.port.points
        assert said in "".join(it.lines), portal


def test_a_registered_device_is_given_another_network():
    port = PhonePort(("<form", give("home", SECRET)))
    boxed = Boxed()
    session = Fake(config=boxed.it, port=port, log=boxed.lines.append, sent=False)
    drive(online(session))
    assert port._air.joined == "home" and [net["ssid"] for net in remembered(boxed.it)] == ["home"]
    assert session.port is port and not port.points[0].open
    assert "The network works: online" in [it.text for it in port.shown if it.text][-1]


def test_many_visits_take_no_heap():
    if not hasattr(gc, "mem_alloc"):
        return  # CPython
    used = [0] * 200  # has its room from the start
    done = [0]

    def measure(shown):
        del shown[:-1], it.lines[:]  # a slow board has logged attempts meanwhile
        gc.collect()
        used[done[0]] = gc.mem_alloc()
        done[0] += 1

    it = Boxed(*[("<form", measure)] * 200, ("<form", give("home", SECRET)))
    it.run()
    assert done[0] == 200 and min(used[100:]) - min(used[:100]) < 800, "a visit keeps heap"
