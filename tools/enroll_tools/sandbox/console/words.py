"""What the console says of each service, in the words of its portal."""

from __future__ import annotations

from typing import NamedTuple

# The labels of buttons, as what has been done with something.
PAST = {
    "Accept": "accepted",
    "Approve": "approved",
    "Delete": "deleted",
    "Deny": "denied",
    "Disable": "disabled",
    "Enable": "enabled",
    "Reset": "reset",
}


class Words(NamedTuple):
    """A service's name as its vendor writes it, and how a device registers. ``names``: what its enroll.json calls the
    device, if that may be mistaken. ``decides``: what a person does with a device that waits."""

    title: str
    how: str
    names: str = ""
    decides: str = "accept"


WORDS = {
    "etherfax": Words(
        "etherFAX",
        "A device registers once, with its serial number and a token made from it and the UTC day.",
    ),
    "ickstream": Words(
        "ickStream",
        "A device registers with a registration token that a user has asked for.",
    ),
    "xyte": Words(
        "Xyte",
        "A device registers itself with the hardware key of its model, a serial number and a MAC address.",
    ),
    "centagate": Words(
        "Centagate",
        "An administrator's session binds an OTP token to a user.",
    ),
    "rest": Words(
        "REST",
        "A device of a REST service of your own registers by the steps in its enroll.json.",
    ),
    "azure": Words(
        "Azure IoT",
        "A device registers at the Device Provisioning Service with its enrollment's key, and gets a hub.",
    ),
    "thingsboard": Words(
        "ThingsBoard",
        "A device provisions itself with the key and secret of a device profile.",
    ),
    "cumulocity": Words(
        "Cumulocity",
        "A device asks for its credentials until somebody accepts it.",
    ),
    "oauth": Words(
        "OAuth",
        "A device shows a code, and a person approves it (RFC 8628).",
        "OAuth knows clients: `client_id` is the client that was made for this board alone. `serial` is the board's "
        "own name, which the console shows for the client.",
        "approve",
    ),
}


def words(service: str) -> Words:
    """The words of a service; a service that has none here is called by its name."""
    return WORDS.get(service, Words(service, ""))
