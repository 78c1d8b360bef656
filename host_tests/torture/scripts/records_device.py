"""A device with foreign content in its slots, and what it does with it."""

from binascii import crc32
from struct import pack

from device import TICKET, Lost, Service, Shelved
from enroll.commit import Journal
from enroll.journal import recall
from flash import Flash


def slot(number):
    return f"state/{number}/slot"


def frame(sequence, state, who, body, version=1):
    """A slot with a record, as journal.py describes it."""
    data = b"ENR" + pack("<BIBHH", version, sequence, state, len(who), len(body)) + who + body
    data += pack("<I", crc32(data))
    return data + bytes(max(1024 - len(data), 0))


def registered(provider):
    device = Shelved(Flash(), Service(provider))
    device.registers()
    return device


def slots(device):
    """The content of its two slots."""
    return [bytes(device.flash.files[slot(number)]) for number in (0, 1)]


def with_slots(device, contents):
    """A copy of `device` with `contents` in its slots."""
    device = device.copy()
    for number, content in enumerate(contents):
        device.flash.files[slot(number)] = bytearray(content)
    return device


def recalled(device):
    """(state, credential as Service.credential gives it or None, whether all is damaged and shows nothing)."""
    with device.flash:
        config = device.load("")
        store = Journal(config.store)
        store.load()
        damaged = store.damaged == [b"", b""]
        state, found = recall(config, store)
    return state, found and (found.device_id, found.secret.reveal(), found.extra), damaged


def reads(device, must, boots):
    """What `device` makes of its slots: it finds the right credential, and has to if it `must`, or none.

    `boots`: also let it boot, as it always does where it finds none.
    """
    state, found, damaged = recalled(device)
    if found is None and must:
        raise Lost("the credential is not found")
    if damaged and state == 0:
        raise Lost("what is damaged is called absent")
    if found not in (None, device.service.credential()):
        raise Lost(f"wrong credential {found}")
    return "found" if found and not boots else boots_on(device, found)


def boots_on(device, found):
    """The device boots with the credential that it has `found`, or registers, perhaps after a reset in the portal."""
    device.service.ticket = TICKET
    seen = device.service.seen
    status, line, kept = device.boot()
    if found and device.service.seen > seen:
        raise Lost("a request in spite of a credential")
    if status == 77 and not found:
        device.service.reset()
        device.registers()
        return "registered after a reset"
    if status or kept != device.service.credential():
        raise Lost(f"status {status}: {line}, {kept}")
    return "found" if found else "registered"
