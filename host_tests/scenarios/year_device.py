"""A year of one device: what happens to it, what it does, and what must always be true."""

import json
import sys

import enroll
import enroll.clock as clock
from chance import Chance
from clock import DAY, NOW, Clock
from enroll import (
    calendar,
    calls,
    commit,
    config,
    connection,
    enroller,
    failed,
    journal,
    requests,
    session,
    tasks,
)
from enroll.errors import EnrollError
from enroll.providers.etherfax import device as etherfax
from enroll.providers.ickstream import device as ickstream
from enroll.providers.xyte import device as xyte
from fake_device import Port, counting
from faulty_net import Net
from flash import Flash
from helpers import Fake, patched, read
from install import installed
from power import Cut

HOUR = DAY // 24
REAL = commit.Journal
CALM = 335 * DAY  # from here on nothing new goes wrong
END = 365 * DAY
RENEW = 28790000  # ms between two new registrations after a 401, less a slow answer
MEAN = 192  # attempts a day: 900 s of full jitter
RAMP = 16  # attempts that a boot has on top of them


class Board(Port):
    """The port of one boot."""

    def __init__(self, device):
        super().__init__()
        self.device = device
        self.sleep = device.clock.sleep

    def identity(self):
        return {}

    def memory(self, data=None):
        if data is not None:
            self.device.memory = data
        return self.device.memory

    def connect(self, networks):
        return ()

    def set_clock(self, unix):
        assert unix == self.device.net.told
        self.device.since = unix - self.device.clock.time()


def cut():
    raise Cut


def pause(seconds):
    """In place of tasks.pause: a year has too many of its quarter seconds."""
    yield seconds


class YearDevice:
    """`service`: a model of service_models. `period`: hours between two rounds of work. `sleeps`: whether the device
    sleeps in between, so that each round is a boot.
    """

    def __init__(self, service, seed, period, sleeps=False, **top):
        self.seed = seed
        self.service = service
        self.period = period * HOUR / 1000
        self.sleeps = sleeps
        self.chance = Chance(seed)
        self.clock = Clock()
        self.flash = Flash()
        self.net = Net(self.chance, self.clock, service)
        self.path = "/device/enroll.json"
        self.top = top
        self.seen = self.found = None
        self.records = []  # (path, state) of each that was written
        self.known = None  # the credential on flash
        self.memory = b""
        self.reboots = self.rounds = self.failed = self.given = 0
        self.today = self.attempts = self.most = self.boots = 0
        self.renewed = None  # when that was last
        self.forgotten = False
        self.since = -NOW  # what the board's clock is wrong by, seconds
        self.kinds = {}
        service.asks = self.asks
        self.configure(service.section())

    # what the device's owner does

    def configure(self, section):
        data = dict(self.top, provider=self.service.NAME, url=self.service.URL, store="state")
        data[self.service.NAME] = section
        self.flash.files[self.path] = bytearray(json.dumps(data).encode())  # no power fails where its owner writes it
        bare = dict(section, registration_token=None) if "application_id" in section else section
        self.bare = config.Config(dict(data, **{self.service.NAME: bare}), self.path)

    def update(self, **section):
        """Another version of firmware and configuration."""
        self.configure(dict(json.loads(read(self.path))[self.service.NAME], **section))

    def fail(self, *how):
        """Let flash fail as Memory.fail says; without arguments, no longer."""
        self.seen = None
        self.flash.fail(*how)

    # what must be true

    def log(self, line):
        if line == "connecting":
            self.attempt()
        assert "canary" not in line and "\n" not in line, line

    def secret(self):
        """The one on flash, which is not read again while it is the same."""
        if self.seen != self.flash.done:
            found = journal.recall(self.bare, commit.Journal(self.bare.store))[1]
            self.seen, self.found = self.flash.done, found and found.secret.reveal()
        return self.found

    def check(self, whole=True):
        """The credential on flash is the one that was there, or a newer one. `whole`: no power was cut meanwhile."""
        found = self.secret()
        if found != self.known:
            assert found is not None or self.forgotten, "a credential was lost"
            if found and self.known:
                assert found > self.known, "a newer credential was lost"
                self.renewal()
            self.known = found
        if whole and self.service.given is not None:
            assert found == self.service.given, "a credential that came is not on flash"
        self.service.given = None

    def asks(self):
        """The device asks to be registered."""
        found = self.secret()
        good = self.service.accepts(found) and self.service.trouble != "401"
        assert not good, "its credential is good"
        if found and self.service.NAME != "ickstream":  # there a person gives the token for it
            denied = self.service.denied
            assert denied and denied[-1] - denied[0] >= 5000, "one 401 was enough"

    def renewal(self):
        """The device has registered again: not soon after it last did so, as far as it can know."""
        last, self.renewed = self.renewed, self.service.gave
        apart = 0 if last is None or self.renewed is None else self.renewed - last
        assert not 0 < apart < RENEW or self.service.NAME == "ickstream", "again after %d ms" % apart

    def attempt(self):
        today = self.clock.now // DAY
        if today != self.today:
            self.today, self.attempts, self.boots = today, 0, 1
        self.attempts += 1
        self.most = max(self.most, self.attempts)
        assert self.attempts < MEAN * 3 // 2 + RAMP * self.boots, "%d attempts in a day" % self.attempts

    # what the device does

    def time(self):
        """Unix seconds of the board's clock."""
        return self.clock.time() + self.since

    def year(self, end=END):
        changes = [self.flash, installed(self.net, self.clock, select=self.net)]
        changes += [patched(commit, Journal=counting(self.records, REAL)), patched(tasks, pause=pause)]
        changes += [patched(calendar, time=Fake(time=self.time, gmtime=self.clock.gmtime))]
        changes += [patched(requests, time=self.time), patched(clock, ask=lambda config, log=None: self.net.ask())]
        changes += [patched(failed, os=Fake(urandom=self.chance.bytes))]
        changes += [patched(it, gc=Fake(collect=tasks.ignore)) for it in (enroller, connection)]  # a year has thousands
        sys.modules["enroll.clock"] = enroll.clock = clock  # under CPython another test's device may have let go of it
        try:
            for change in changes:
                change.__enter__()
            self.clock.at(end, cut)
            while self.clock.now < end:
                try:
                    self.boot()
                except Cut:
                    self.restart()
        finally:
            for change in changes[::-1]:
                change.__exit__()

    def restart(self):
        self.reboots += 1
        self.boots += 1
        self.service.rebooted()
        self.memory = b""
        self.since = -NOW - self.clock.now // 1000
        off = self.flash.off
        if off:
            self.fail()
        self.check(False)
        if off:
            self.renewed = None  # it may be gone with what was being written: an answer does not say when it came
        assert self.net.open <= 1, "sockets are left open"  # but for one that is kept from request to request
        self.net.open = 0

    def boot(self):
        it = config.Config.load(self.path)
        lines = self.net.lines
        board = Board(self)
        found = enroll.stored(it, board)
        one_time = getattr(it.service, "ONE_TIME", None)
        fresh = not found
        assert self.known is None or found or (one_time and it.section[one_time]), "registered, but not after this boot"
        if found:
            assert enroll.run(it, board, log=self.log).secret.reveal() == found.secret.reveal()
            assert self.net.lines == lines, "a registered device needs no packet"
        elif self.sleeps:
            return self.wake(it, board)
        else:
            found = self.enter(it, board)
        self.forgotten = False
        if self.service.NAME == "centagate":
            return self.clock.sleep(self.period)
        one = session.Session(it, board, found, self.log)
        self.round(one, fresh)
        while not self.sleeps:
            self.clock.sleep(self.period)
            self.round(one, False)
        one.close()
        if self.sleeps:
            self.nap(self.period)

    def enter(self, it, board):
        """The credential, however long it takes; a person has to come where a registration token is missing."""
        while True:
            try:
                found = enroll.run(it, board, log=self.log)
                self.check()
                return found
            except EnrollError as error:
                assert error.kind == "configuration" and "registration_token" in str(error)
                self.clock.sleep(self.period)

    def wake(self, it, board):
        """One attempt of a device that sleeps until the next, if it is due; it wakes every hour."""
        now = self.clock.time()
        one = enroll.Enroller(it, board, log=self.log)
        at = now + 3600
        try:
            action = one.step(now)
            at = min(at, action.at)
            if action.credential:
                self.forgotten = False
        except EnrollError as error:
            assert error.kind == "configuration" and "registration_token" in str(error)
        finally:
            one.close()
        self.check()
        self.nap(max(0, at - self.clock.time()))

    def nap(self, seconds):
        """Deep sleep: the session's state is lost, the board's memory is not."""
        before, self.service.denied = self.service.not_before, []
        self.clock.sleep(seconds)
        if self.known is None:
            self.service.not_before = before

    def round(self, one, fresh):
        """One round of work; errors are counted by kind."""
        self.rounds += 1
        try:
            one.run(calls.settle(one, fresh))
            one.run(self.work(one))
        except (OSError, EnrollError) as error:
            kind = getattr(error, "kind", "OSError")
            self.failed += 1
            self.kinds[kind] = self.kinds.get(kind, 0) + 1
        self.check()

    def work(self, one):
        """Task: the daily work of such a device."""
        if self.service.NAME == "etherfax":
            yield from etherfax.check(one)
        elif self.service.NAME == "ickstream":
            yield from ickstream.check(one)
        else:
            reply = yield from xyte.telemetry(one, {"up": self.clock.now // 1000})
            if reply.get("command"):
                yield from xyte.obey(one, {"blink": self.log})
            reports = {}
            for _, child in xyte.children(one) if "children" in self.service.SECTION else ():
                if child:
                    reports[child.device_id] = xyte.report_of()
            if reports:
                yield from xyte.children_telemetry(one, reports)
