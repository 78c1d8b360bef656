"""What the console says of each service, in the words of its portal."""

from __future__ import annotations

from typing import NamedTuple


class Words(NamedTuple):
    """A service's name as its vendor writes it, how a device registers, and what to do first. ``names``: what its
    enroll.json calls the device, if that may be mistaken."""

    title: str
    how: str
    first: str
    names: str = ""


WORDS = {
    "etherfax": Words(
        "etherFAX",
        "A device registers once, with its serial number and a token made from it and the UTC day.",
        "Create a device by its serial number, and enable it.",
    ),
    "ickstream": Words(
        "ickStream",
        "A device registers with a registration token that a user has asked for.",
        "Create a user and an application, then a registration token for that user.",
    ),
    "xyte": Words(
        "Xyte",
        "A device registers itself with the hardware key of its model, a serial number and a MAC address.",
        "Create a model: devices register with its hardware key.",
    ),
    "centagate": Words(
        "Centagate",
        "An administrator's session binds an OTP token to a user.",
        "Create a user and an OTP token, and a session for an administrator.",
    ),
    "rest": Words(
        "REST",
        "A device of a REST service of your own registers by the steps in its enroll.json.",
        "Create a device: it registers with its secret.",
    ),
    "azure": Words(
        "Azure IoT",
        "A device registers at the Device Provisioning Service with its enrollment's key, and gets a hub.",
        "Create an enrollment: the device registers with its key.",
    ),
    "thingsboard": Words(
        "ThingsBoard",
        "A device provisions itself with the key and secret of a device profile.",
        "Create a device profile: devices provision themselves with its key.",
    ),
    "cumulocity": Words(
        "Cumulocity",
        "A device asks for its credentials until somebody accepts it.",
        "Register a device by its id, then accept it when it has connected.",
    ),
    "oauth": Words(
        "OAuth",
        "A device shows a code, and a person approves it (RFC 8628).",
        "Create a client: a device asks for codes in its name.",
        "OAuth knows clients: `client_id` is the client that was made for this board alone. `serial` is the board's "
        "own name, which the console shows for the client.",
    ),
}


def words(service: str) -> Words:
    """The words of a service; a service that has none here is called by its name."""
    return WORDS.get(service, Words(service, "", "Create a device."))
