"""A device of a back end that enroll.json describes: its sections, its boots, its requests."""

import enroll.providers.rest as rest
import enroll.providers.rest.later as later
import enroll.providers.rest.resume as resume
from fake_device import NOW, Device
from helpers import MORE_SECTIONS, patched

CLAIM = {
    "serial": "S1",
    "secrets": {"claim_code": "claim-canary"},
    "steps": [
        {
            "method": "POST",
            "path": "/devices",
            "headers": {"Authorization": "Bearer {claim_code}"},
            "json": {"serial": "{serial}", "at": "{now}"},
            "take": {"id": "device.id", "secret": "device.keys.0.value", "region": "region"},
        }
    ],
}
MORE_SECTIONS["rest"] = CLAIM
GIVEN = {"device": {"id": 17, "keys": [{"value": "key-canary"}]}, "region": "north"}
POLL = {
    "method": "GET",
    "path": "/requests/{ticket}",
    "resume": 600,
    "answers": [
        {"status": 202, "means": "pending", "seconds": 7},
        {"field": "state", "value": "denied", "means": "refused", "text": "a person said no: ask another"},
    ],
    "take": {"secret": "token"},
}


def first(**changes):
    """The step of CLAIM with `changes`."""
    step = dict(CLAIM["steps"][0])
    step.update(changes)
    return step


def steps(*others, **changes):
    """The section whose first step has `changes`, with `others` behind it."""
    return {"steps": [first(**changes)] + list(others)}


def boot(device, *answers):
    """The device after one attempt at the time NOW."""
    with patched((rest, later, resume), clock=lambda: NOW + int(sum(device.port.slept))):
        device.action = device.boot(*answers)
    return device


def asked(device):
    """Method, URL, headers and body of the requests of the last boot."""
    return [
        (method, url, dict(more["headers"]), bytes(more["data"] or b""))
        for method, url, more in device.service.requests
    ]


def polled(**changes):
    poll = dict(POLL)
    poll.update(changes)
    return Device("rest", steps(poll, take={"ticket": "ticket", "id": "id"}))


TICKET = (202, {"ticket": "t/1", "id": "d1"})
DONE = (200, {"token": "key-canary"})
