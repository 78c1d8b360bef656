"""What happens to a device in a year, or in a day of 401s, and the counts of it, which are printed."""

import enroll
from clock import DAY
from enroll import config
from fake_device import Port
from power import TORN, Cut
from year_device import CALM, END, HOUR, YearDevice

MINUTE = HOUR // 60


class Events:
    """What happens to the device of `device` until it is CALM; a person helps to the end."""

    def __init__(self, device):
        self.device = device
        self.net = device.net
        self.chance = device.chance
        self.net.faults = 15
        for days, what in (
            (12, self.outage),
            (25, self.trouble),
            (20, self.lie),
            (24, self.deletion),
            (10, self.reboot),
            (14, self.cut),
            (40, self.update),
            (9, self.errand),
        ):
            self.every(days, what)
        self.every(4, self.person, END - 10 * DAY)
        device.clock.at(CALM, self.calm)

    def every(self, days, what, end=CALM):
        """Let `what` happen again and again, `days` apart in the mean."""

        def happen():
            again()
            what()

        def again():
            when = self.device.clock.now + MINUTE + days * 2 * self.chance.below(1000) * (DAY // 1000)
            if when < end:
                self.device.clock.at(when, happen)

        again()

    def after(self, spans, what):
        """`what` ends after one of `spans`, hours."""
        end = self.device.clock.now + self.chance.one(spans) * HOUR + self.chance.below(HOUR)
        self.device.clock.at(min(end, CALM), what)

    def calm(self):
        self.net.faults = 0
        self.net.trip = None
        self.device.fail()

    def outage(self):
        self.net.outage = self.chance.one(("refused", "silent", "before", "deaf", "mixed", "mixed"))
        self.after((0, 0, 1, 6, 24, 120, 400), self.end_outage)

    def end_outage(self):
        self.net.outage = None

    def trouble(self):
        self.device.service.trouble = self.chance.one(("503", "429", "500", "html"))
        self.after((1, 5, 24, 36), self.end_trouble)

    def end_trouble(self):
        self.device.service.trouble = None

    def lie(self):
        self.net.lie = self.chance.one((None, None, 40, -86400, 86400, 30 * 86400, 9 * 365 * 86400))
        self.after((1, 5, 24, 36), self.end_lie)

    def end_lie(self):
        self.net.lie = 0

    def deletion(self):
        """Somebody deletes or resets the device in the cloud; sometimes power fails while it registers again."""
        if self.chance.below(4):
            self.device.service.delete()
        if self.chance.below(3) == 0:
            self.cut()
        if self.chance.below(5) == 0:
            self.device.clock.at(min(self.device.clock.now + HOUR, CALM), self.device.service.delete)
        if self.device.known is not None and (self.chance.below(3) == 0 or self.device.service.NAME == "centagate"):
            self.factory_reset()

    def factory_reset(self):
        """Only this tells a Centagate device of a deletion."""
        self.device.forgotten = True
        enroll.forget(self.device.bare, Port())
        raise Cut

    def person(self):
        """A person sees that the device is refused, and fixes that."""
        device, service = self.device, self.device.service
        found = device.secret()
        if service.accepts(found) or self.chance.below(3) == 0:
            return
        if service.NAME == "centagate" and found is not None:
            self.factory_reset()  # once more
        if not service.refusals and service.NAME != "ickstream":
            return
        service.refusals = 0
        service.help()
        device.given += 1
        if service.NAME == "ickstream":
            enroll.set_registration_token(config.Config.load(device.path), service.token, Port())
            device.update()
            raise Cut

    def reboot(self):
        if self.chance.below(2):
            raise Cut
        self.net.trip = self.chance.below(60)

    def cut(self):
        self.device.fail(1 + self.chance.below(26), TORN)

    def update(self):
        """New firmware: another version, another child, and a restart."""
        service, device = self.device.service, self.device
        if service.NAME == "xyte":
            service.SECTION["firmware_version"] = "1.%d" % (device.clock.now // DAY)
            children = service.SECTION.get("children")
            if children:
                service.SECTION["children"] = children[1:]
                service.add("child-%d" % (device.clock.now // MINUTE))
            device.configure(service.section())
        raise Cut

    def errand(self):
        """A command for the device; a board's memory is lost."""
        self.device.service.wanted = {"id": "7", "name": "blink"}
        self.device.memory = b""
        self.device.service.not_before = 0
        self.device.boots += 1


def year_of(service, seed, period, sleeps=False):
    device = YearDevice(service, seed, period, sleeps)
    Events(device)
    device.year()
    what = "%s: 365 days, %d requests, %d registrations, %d answers lost, %d deletions and resets, %d reboots, "
    what += "%d slots written (%d records), at most %d attempts a day, %d rounds, %d failed %r, seed %d"
    name = service.NAME + (" asleep" if sleeps else "")
    counts = (device.net.requests, service.registered, device.net.lost, service.released, device.reboots)
    counts += (device.flash.slots, len(device.records), device.most, device.rounds, device.failed, device.kinds, seed)
    print(what % ((name,) + counts))
    assert device.clock.now >= END and service.accepts(device.secret()), "not registered in the end"
    assert service.registered <= 1 + service.released, "registered without need"
    assert device.flash.slots <= 3 * 365, "flash wears"
    return device


def counted(device):
    """Requests, attempts, registrations, slots and records written so far."""
    service = device.service
    return [device.net.requests, service.attempts, service.registered, device.flash.slots, len(device.records)]


def day(service, trouble, registered, least, most, slots):
    """A day in which the service says 401 to everything, or (`trouble` "amnesia") to everything but a registration; a
    call every two minutes. There are `least` to `most` attempts to register, and at most `slots` are written.
    """
    device = YearDevice(service, 7, 1 / 30)
    if registered:
        device.year(10 * MINUTE)
    counts = [-count for count in counted(device)]
    service.trouble = trouble
    device.year(device.clock.now + DAY)
    for place, count in enumerate(counted(device)):
        counts[place] += count
    what = "%s, %s, a day of %s: %d requests, %d attempts, %d registrations, %d slots written (%d records)"
    print(what % tuple([service.NAME, "registered" if registered else "new", trouble] + counts))
    assert least <= counts[1] <= most and counts[0] <= 720 + 2 * most + 20 and counts[3] <= slots, counts
    return counts
