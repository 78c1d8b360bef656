"""Cuts the power while a device registers in several steps: power_steps.py KIND PROVIDER [coarse].

What Keep saves is beside the journal. Afterwards the device boots from each image that the cut may have left.
"""

import json
import sys

from device import Device, Lost, Service, sweep
from fake_device import Port
from helpers import Fake
from power_cuts import boot, left
from remains import formatted

PENDING = {"error": "devicecontrol/Not Found"}


def parsed(data):
    """What is in a body: of a form its text."""
    return json.loads(data or b"null") if (data or b"{")[:1] == b"{" else data.decode()


class Stepwise(Service):
    """A service that takes several requests. `secret`: of the device that it knows now, if it knows one."""

    NAME = ""
    ONCE = False
    secret = ""

    def __init__(self):
        super().__init__(self.NAME)

    def copy(self):
        other = type(self)()
        for name, value in self.__dict__.items():
            setattr(other, name, value)
        return other

    def __call__(self, method, url, data=None, headers=None, timeout=None):
        self.seen += 1
        status, body = self.reply(method, url.replace("http://localhost/api", ""), parsed(data))
        return Fake(status_code=status, content=json.dumps(body).encode(), headers={}, close=lambda: None)

    def give(self, secret):
        self.secret = secret
        self.given += 1
        self.bound = self.unsaved = True

    def good(self):
        return {}

    def fits(self, kept):
        return kept[1] == self.secret


class ThingsBoard(Stepwise):
    """Registers a name once, with the token that the device has chosen."""

    NAME = "thingsboard"

    def reply(self, method, path, body):
        if method == "GET":
            return (200, {}) if path == f"/api/v1/{self.secret}/attributes" else (401, None)
        if self.bound:
            return 200, {"status": "FAILURE"}
        self.give(body["token"])
        return 200, {"status": "SUCCESS", "credentialsType": "ACCESS_TOKEN", "credentialsValue": self.secret}


class Cumulocity(Stepwise):
    """Gives a password once to a device that a person has registered and accepted."""

    NAME = "cumulocity"
    ONCE = True
    asked = 0

    def reply(self, method, path, body):
        self.asked += 1
        if self.bound or self.asked < 2:
            return 404, PENDING
        self.give(f"password-canary-{self.given}")
        return 201, self.good()

    def good(self):
        return {"tenantId": "t1", "username": "device", "password": self.secret}

    def reset(self):
        self.bound = False


class Azure(Stepwise):
    """Assigns a device to a hub, as often as it asks, in an operation that takes a while."""

    NAME = "azure"
    KEY = "18RQk/hOPJR9EbsJlk2j8WA6vWaj/yi+oaYg7zmxfQNdOyMSu+SJ8O7TSlZhDJCYmn4rzEiVKIzNiVAWjLxrGA=="
    polls = 0

    def reply(self, method, path, body):
        self.polls = 2 if method == "PUT" else self.polls - 1
        if method == "GET" and f"/operations/op-{self.given}" not in path:
            return 404, {"errorCode": 404206}
        if self.polls > 0:
            return 202, {"operationId": f"op-{self.given}", "status": "assigning"}
        self.secret = self.KEY
        state = {"assignedHub": "hub.example.com", "deviceId": "my-device"}
        return 200, {"operationId": f"op-{self.given}", "status": "assigned", "registrationState": state}


class OAuth(Stepwise):
    """Gives tokens once for a code, which a person approves between two polls."""

    NAME = "oauth"
    ONCE = True
    codes = polls = 0

    def reply(self, method, path, body):
        if path == "/device":
            self.codes += 1
            self.polls = 0
            code = {"device_code": f"code-{self.codes}-canary", "user_code": "WDJB", "verification_uri": "https://x"}
            return 200, code
        self.polls += 1
        if f"code-{self.codes}-canary" not in body or self.polls > 2:
            return 400, {"error": "invalid_grant"}
        if self.polls < 2:
            return 400, {"error": "authorization_pending"}
        self.give(f"access-{self.codes}-canary")
        return 200, self.good()

    def good(self):
        return {"access_token": self.secret, "refresh_token": f"refresh-{self.codes}-canary", "expires_in": 3600}

    def reset(self):
        """Nothing: the device shows another code by itself."""


MODELS = {model.NAME: model for model in (ThingsBoard, Cumulocity, Azure, OAuth)}


def settles(device):
    """The device registers by itself, but where a person has to accept it once more because its answer was lost."""
    lost = device.service.unsaved
    status, line, kept = device.boot()
    outcome = "registered"
    if status == 75 and device.service.ONCE and lost:
        device.service.reset()
        status, line, kept = device.boot()
        outcome = "accepted again"
    if status:
        raise Lost(line)
    if not device.service.fits(kept):
        raise Lost(f"wrong credential {kept}")
    device.rests()
    return outcome


if __name__ == "__main__":
    kind, provider = sys.argv[1:3]
    Port.show = lambda *_: None
    start = Device(formatted(kind), MODELS[provider]()).configure()
    sweep(left(start, boot, "coarse" in sys.argv), settles)
