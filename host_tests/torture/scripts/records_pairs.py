"""Puts every pair of records into the slots of a registered device: records_pairs.py PROVIDER [coarse]."""

import json
import sys

from device import TICKET, sweep
from enroll.config import Secret
from enroll.journal import KEPT, RAW, REFUSED, TRIED, identity
from records_device import frame, reads, registered, slots, with_slots

HIGH = 0x7FFFFFFE  # no small integer on 32 bits
OTHER = {"etherfax": "xyte", "xyte": "centagate", "centagate": "ickstream", "ickstream": "etherfax"}
BROKEN = (
    b"",
    b"[",
    b"null",
    b"[]",
    b'["a"]',
    b'["a", "b"]',
    b'["a", "b", {}, 4, 5]',
    b'["a", "b", {',
    b"\xff\xfe",
    b"{}",
)


def records(device):
    """(name, function that makes it of a sequence number) of what may lie in a slot."""
    provider = device.service.provider
    config = device.load("")
    one_time = getattr(config.service, "ONE_TIME", None)
    if one_time:
        config.section[one_time] = Secret(TICKET)  # what it has registered with, and has erased since
    who = identity(config)
    kept = json.dumps(device.service.credential()).encode()
    raw = json.dumps(device.service.good()).encode()
    other = json.dumps(["other", "other-canary", {}]).encode()
    yield "kept", lambda number: frame(number, KEPT, who, kept)
    yield "raw", lambda number: frame(number, RAW, who, raw)
    yield "tried", lambda number: frame(number, TRIED, who, b"")
    yield "refused", lambda number: frame(number, REFUSED, who, b"")
    yield "unread", lambda number: frame(number, RAW, who, b'{"what": "is this"}')
    they, answer = who.replace(b"1", b"2"), raw.replace(b"token", b"wrong")
    yield "another identity's", lambda number: frame(number, KEPT, they, other)
    yield "another identity's answer", lambda number: frame(number, RAW, they, answer)
    yield "more keys", lambda number: frame(number, KEPT, who + b"\nmore", other)
    foreign = max(slots(registered(OTHER[provider])), key=lambda content: content[8])
    yield "another provider's", lambda number: foreign[:4] + frame(number, KEPT, b"x", b"")[4:8] + foreign[8:]
    yield "of another version", lambda number: frame(number, KEPT, who, other, 2)
    yield "too long", lambda number: frame(number, KEPT, who, other + b" " * 20000)
    yield "of no known state", lambda number: frame(number, 9, who, other)
    yield "blank", lambda number: bytes(1024)
    yield "torn", lambda number: frame(number, KEPT, who, kept)[:60] + bytes(964)
    for body in BROKEN:
        yield f"broken {body}", lambda number, body=body: frame(number, KEPT, who, body)


def pairs(device, coarse):
    """Each pair, with either as the newer, in either order, with low and high sequence numbers."""
    found = list(records(device))
    lost = ("another", "more keys", "of another version", "too long", "blank", "torn", "unread")
    for older, make_older in found:
        for newer, make_newer in found:
            for number in (1,) if coarse else (1, HIGH):
                must = newer in ("kept", "raw") or (older in ("kept", "raw") and newer.startswith(lost))
                contents = [make_older(number), make_newer(number + 1)]
                for order in (contents, contents[::-1]):
                    yield f"{older}, then {newer}", (with_slots(device, order), must, number == 1)


if __name__ == "__main__":
    sweep(pairs(registered(sys.argv[1]), "coarse" in sys.argv), lambda case: reads(*case))
