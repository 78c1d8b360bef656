"""Cuts the power while a device refreshes its access token: power_refresh.py KIND MODEL [coarse].

The service replaces the refresh token each time, and takes the old one no more. Afterwards the device boots from each
image that the cut may have left, and its application asks once more.
"""

import sys

import enroll
from device import Device, Lost, sweep
from fake_device import Port
from install import installed
from power import Cut
from power_cuts import left
from remains import formatted
from stepwise import MODELS
from wire import Net


def rotating(model):
    """`model` with refresh tokens, of which each is good once, and data for the newest access token."""

    class Rotating(model):
        number = 0  # of the tokens that are good
        used = 0  # of the newest ones that the device has shown with a request for data
        denied = approved = 0

        def reply(self, method, path, body):
            if "grant_type=refresh_token" not in (body or ""):
                return super().reply(method, path, body)
            if f"refresh_token=refresh-{self.number}-canary" not in body:
                self.denied += 1
                return 400, {"error": "invalid_grant"}
            self.give(0)
            return 200, self.good()

        def give(self, secret):
            self.number += 1
            self.approved += bool(secret)
            super().give(f"access-{self.number}-canary")

        def good(self):
            refresh = f"refresh-{self.number}-canary"
            return {"access_token": self.secret, "refresh_token": refresh, "expires_in": 1}  # replaced at each request

        def data(self, headers):
            """The status for a request to the API."""
            if headers["Authorization"] != "Bearer " + self.secret:
                return 401
            self.used = self.number
            return 200

    return Rotating


def uses(device):
    """The application asks for data, for which the device needs a new access token."""

    def answer(it):
        if device.flash.off:
            raise Cut
        path = it.path.replace("/api", "")
        if path == "/data":
            return device.service.data(it.headers), {}
        return device.service.reply(it.method, path, str(it.body, "utf-8"))

    with device.flash:
        session = enroll.Session(enroll.Config.load(device.path), Port(device.store))
        with installed(Net(answer)):
            if session.request("GET", "/data").status_code != 200:
                raise Lost("no data")
        session.close()


def settles(device):
    """The old tokens are there, or the new ones; new ones that were used are there in any case."""
    service = device.service
    number, used = service.number, service.used
    status, line, kept = device.boot()
    if status or kept[1] not in (f"access-{number}-canary", "access-1-canary"):
        raise Lost(f"status {status}: {line}, {kept}")
    new = service.fits(kept)
    if used == 2 and not new:
        raise Lost("the new access token was used before the refresh token beside it was on flash")
    uses(device)
    if service.fault or service.used != service.number:
        raise Lost(service.fault or "the newest token is not used")
    device.boot()
    outcome = "new tokens" if new and number > 1 else "old tokens"
    if service.approved > 1:
        outcome = "a person approves again"
    if (service.approved > 1) != (number > 1 and not new):
        raise Lost("a person has to approve although a good refresh token is on flash")
    device.rests()
    return outcome


if __name__ == "__main__":
    kind, model = sys.argv[1:3]
    Port.show = lambda *_: None
    start = Device(formatted(kind), rotating(MODELS[model])()).configure()
    start.registers()
    sweep(left(start, uses, "coarse" in sys.argv), settles)
