"""The faults that are set, in the words of the pages: what each is called, what it meets, and what is left of it."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable

from ..fault_kinds import KINDS, MOST, Kind
from ..faults import Fault


@dataclasses.dataclass(frozen=True)
class SetFault:
    """A fault that is set. ``device``: whose requests it meets, "" for all devices'."""

    id: int
    title: str
    left: str
    ends: str
    device: str


def set_faults(faults: Iterable[Fault], service: str, device: str | None = None) -> list[SetFault]:
    """The faults that may meet a service's next requests, or those of one device."""
    return [SetFault(it.id, it.title, _left(it), ends(it), it.device) for it in faults if it.concerns(service, device)]


def meets(fault: Fault) -> str:
    """What a fault does to a request, as a sentence or as the log has it."""
    text = KINDS[fault.kind].meets if fault.kind else fault.title
    return text.replace(f"beyond {MOST} ", f"beyond {fault.most} ")


def ends(fault: Fault) -> str:
    """In which time it ends, no finer than a person needs, since an open page changes with it."""
    minutes = math.ceil(fault.expires / 60)
    return f"{minutes} min" if minutes <= 90 else f"{math.ceil(minutes / 60)} h"


def _left(fault: Fault) -> str:
    """Which requests it meets yet."""
    what = "registration" if fault.registration else "request"
    beyond = "" if fault.most is None else f" beyond {fault.most} a second"
    if fault.times is None:
        return f"every {what}{beyond}"
    return (f"the next {what}" if fault.times == 1 else f"the next {fault.times} {what}s") + beyond


_ONCE = (
    "At the next registration only: the service registers the device, and the connection ends without an answer. "
    "A registered device registers again only after you have allowed that in the portal."
)


def choices(service: str, device: str) -> list[tuple[str, str, str]]:
    """The kinds that one device may meet: label, what it does, and the arguments behind its button."""
    return [_choice(name, kind, service, device) for name, kind in KINDS.items() if not kind.service]


def _choice(name: str, kind: Kind, service: str, device: str) -> tuple[str, str, str]:
    given = {"kind": name, "service": service, "device": device}
    if kind.fields != {"drop": "after"}:
        return kind.label, kind.meets, json.dumps(given)
    # Else it meets the check of an old credential, and the device never asks to register.
    return kind.label, _ONCE, json.dumps({**given, "registration": True, "times": 1})
