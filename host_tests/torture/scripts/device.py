"""A device in this process: firmware/main.py on a flash of its own, and a service that knows it."""

import gc
import json
import sys

import enroll
import main
from answers import ONCE, REFUSED, success
from enroll import tasks
from enroll.commit import Journal
from enroll.config import Config
from enroll.enroller import Enroller
from enroll.journal import KEPT
from enroll.tasks import ignore
from fake_device import Port
from helpers import Fake, config, read, settings, write
from power import Cut

gc.threshold(-1)  # main.py has set it for the heap of a board
enroll.config.unload = enroll.enroller.unload = ignore  # thousands of boots would compile the same modules again
ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
TICKET = "once-canary"  # ickStream's registration token


class Lost(Exception):
    """What must not happen, in a sentence."""


class Service:
    """A service that registers a device once; a function like urequests'.

    `given` counts the credentials it has given away, of which the last is valid; `seen` counts requests. `ticket` is
    the registration token that is valid, if one is. `unsaved`: an answer has arrived, and no save has ended since;
    `partly`: or one of what there was memory for. `cut`: there was no memory for all of the answer, of which the id and
    the secret have to be kept then, and the rest may be missing.
    `trouble`: the status that it answers instead, or what happens to the connection before an answer has come;
    `turned_away`: it has answered so.
    `meanwhile()` is called while a request waits for its answer.
    """

    def __init__(self, provider):
        self.provider = provider
        self.given = self.seen = 0
        self.bound = self.unsaved = self.partly = self.cut = self.turned_away = False
        self.ticket = TICKET
        self.trouble = None
        self.meanwhile = ignore

    def copy(self):
        other = Service(self.provider)
        other.given, other.bound, other.unsaved, other.ticket = self.given, self.bound, self.unsaved, self.ticket
        other.turned_away, other.partly, other.cut = self.turned_away, self.partly, self.cut
        return other

    def reset(self):
        """What a person does in the portal for a device whose credential is lost."""
        self.bound = False
        self.ticket = f"{TICKET}-{self.given}"  # a token is never given out twice

    def __call__(self, method, url, data=None, headers=None, timeout=None):
        status, body = self.answer(headers)
        return Fake(status_code=status, content=json.dumps(body).encode(), headers={}, close=ignore)

    def answer(self, headers):
        """(status, body) for a request with `headers`."""
        self.seen += 1
        if isinstance(self.trouble, Exception):
            raise self.trouble
        if self.trouble:
            self.turned_away = True
            return self.trouble, {}
        if self.provider == "ickstream":
            self.bound = headers["Authorization"] != f"Bearer {self.ticket}"
            self.ticket = None  # it works once
        if self.bound:
            return REFUSED[self.provider]
        self.bound = self.unsaved = True
        self.given += 1
        self.meanwhile()
        return 200, self.good()

    def good(self):
        """The body of an answer with the credential that is valid now."""
        device_id, secret, extra = self.credential()
        more = {"name": "Kitchen"} if self.provider == "ickstream" else {}
        return success(self.provider, secret, device_id, extra.get("hub_url"), **more)

    def credential(self):
        """The one that is valid now: (device id, secret, and further fields)."""
        secret = f"token-canary-{self.given:020d}"
        return {
            "etherfax": ("MT873615726", secret, {}),
            "xyte": (ID, secret, {"hub_url": "http://hub.example.com/eu-1"}),
            "ickstream": (ID, secret, {"name": "Kitchen", "scheme": "Bearer"}),
            "centagate": ("60123456789", "", {"username": "user-1"}),
        }[self.provider]

    def fits(self, kept):
        """Whether `kept`, as `credential` gives it, is the one that is valid now."""
        device_id, secret, extra = self.credential()
        if self.cut:
            extra = {key: extra[key] for key in extra if key in kept[2]}
        return kept == (device_id, secret, extra)


class Parsing:
    """Stands for the provider of `device`. An answer that registers is saved before it is parsed; then it must not be
    lost."""

    def __init__(self, provider, device):
        self._provider = provider
        self._device = device

    def __getattr__(self, name):
        return getattr(self._provider, name)

    def parse(self, config, answer):
        if self._provider.ONCE and answer.status < 300 and not getattr(self._device.flash, "off", False):
            self._device.service.unsaved = self._device.service.partly
        return self._provider.parse(config, answer)


class Device:
    """A device with enroll.json on `flash` (a context in which its files are under `flash.root`) and its `service`.

    `saves` has the state of each record that was written; `saving`: the save of an answer has begun; `whole`: one of
    all of it has ended.
    """

    def __init__(self, flash, service):
        self.flash = flash
        self.service = service
        self.path = flash.root + "/enroll.json"
        self.lines = []
        self.saves = []
        self.saving = self.whole = False
        self.booted = None  # what `boot` gave, where that has been called

    def copy(self, *image):
        """The same device, with the same past; on its flash then is the `image`, or what was there before."""
        return type(self)(self.flash.copy(*image), self.service.copy())

    def configure(self):
        """Write a new enroll.json, as provisioning does."""
        section = {"registration_token": self.service.ticket} if self.service.provider == "ickstream" else {}
        with self.flash:
            write(self.path, json.dumps(settings(self.service.provider, section)))
        return self

    def store(self, path, *more):
        device = self

        class Watched(Journal):
            def save(self, state, who, body, *rest):
                device.saving = device.service.unsaved
                super().save(state, who, body, *rest)
                good = json.dumps(device.service.good()).encode()
                device.whole = device.whole or state == KEPT or bytes(body) == good
                device.service.unsaved = False
                device.saves.append(state)

        return Watched(path, *more)

    def request(self, *arguments, **more):
        if getattr(self.flash, "off", False):
            raise Cut
        return self.service(*arguments, **more)

    def make(self, config, port, log):
        """The Enroller that main.py works with; it is kept, as RAM does while there is power."""
        config.service = Parsing(config.service, self)
        self.enroller = Enroller(config, port, request=self.request, log=log)
        return self.enroller

    def load(self, path):
        return Config.load(path)

    def ended(self):
        """Called when the firmware is done, before the application would begin."""

    def boot(self):
        """One boot: (exit status, what is printed, credential as Service.credential gives it or None)."""
        sys.modules["port"] = Port(self.store)
        enroll.Config = Fake(load=self.load)
        enroll.Enroller = self.make
        main.log = self.lines.append
        with self.flash:
            status, line, found = main.boot(self.path, True)
            self.ended()
            kept = found and found[2]
        self.lines.append(line)
        for text in self.lines:
            if "canary" in text or "\n" in text:
                raise Lost("printed " + repr(text))
        return status, line, kept and (kept.device_id, kept.secret.reveal(), kept.extra)

    def again(self):
        """Another attempt in the same boot: its Action."""
        with self.flash:
            try:
                return tasks.run(self.enroller.attempt())
            finally:
                self.enroller.close()

    def registers(self):
        """Boot: it must end registered, with the right credential."""
        status, line, kept = self.boot()
        if status:
            raise Lost(line)
        if not self.service.fits(kept):
            raise Lost(f"wrong credential {kept}")

    def settles(self):
        """How the device `ends`, and stays. Raises Lost."""
        outcome = self.ends()
        self.rests()
        return outcome

    def ends(self):
        """Power is back: how the device ends, "registered", "refused", "orphaned" or "renewed". Raises Lost."""
        status, line, kept = self.boot()
        outcome = "registered"
        if status == 77 and self.service.unsaved:
            outcome = self._mended(line)
        elif status:
            raise Lost(line)
        elif not self.service.fits(kept):
            raise Lost(f"wrong credential {kept}")
        return outcome

    def _mended(self, line):
        """A person follows the remedy in `line` for a lost credential, and the device registers by itself."""
        if self.service.provider in ONCE and self.service.turned_away:
            # a later attempt writes nothing before it is sent, so the device cannot know that its answer was lost
            outcome, fact, remedy = "refused", "the service says", "this device in the portal"
        elif self.service.provider in ONCE:
            fact = "an earlier answer was " + ("kept unread" if self.service.partly else "lost")
            outcome, remedy = "orphaned", "this device in the portal"
        else:
            outcome, fact, remedy = "renewed", "registration token used up", "fetch a new registration token"
        if fact not in line or remedy not in line:
            raise Lost(line)
        self.service.reset()
        if outcome == "renewed":
            self.configure()
        self.registers()
        return outcome

    def rests(self):
        """A boot with a credential neither writes nor sends, and a registration token has gone from the file."""
        seen, self.flash.done = self.service.seen, 0
        self.registers()
        if self.flash.done or self.service.seen > seen:
            raise Lost("a boot with a credential writes or sends")
        with self.flash:
            if TICKET.encode() in read(self.path):
                raise Lost("a used registration token is left in enroll.json")


class Shelved(Device):
    """A device with a Flash of flash.py. Its configuration comes from nowhere."""

    def load(self, path):
        section = {"registration_token": self.service.ticket} if self.service.provider == "ickstream" else {}
        return config(self.service.provider, section, store="state")


def sweep(devices, settle):
    """Let each of `devices`, (what was done to it, device), `settle`, which names its outcome or raises. Print what
    faults.py reads: how many there were, what was lost, and how often each outcome was.
    """
    outcomes = {}
    for what, device in devices:
        try:
            outcome = settle(device)
        except Exception as error:
            outcome = "lost"
            print(f"@lost {what}: {error!r}")
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    print("@cases", sum(outcomes.values()))
    print("@note outcomes", ",".join([f"{name}:{outcomes[name]}" for name in sorted(outcomes)]).replace(" ", "-"))
