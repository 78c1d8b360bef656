"""Registers repeatedly, each time with a different amount of heap left before the request.

Arguments: folder of the compiled library, folder for stores, URL, CA or "", provider, "before" or "after" (the device
has made sure that it can keep the answer) or "locked" (after, and nothing can be allocated at all until the answer has
been read), three numbers for a range of rests in bytes, bytes of the pieces that the
rest is in (0: in one) and bytes in one piece beside them, then the shapes of answers. The service registers each
device once, and the credential says which it is.
"""

import gc
import sys

from micropython import heap_lock, heap_unlock

sys.path.insert(0, sys.argv[1])

from enroll import enroller as module
from enroll.config import Config
from fake_device import Port
from helpers import SECTIONS

FOLDER, URL, CA, PROVIDER, WHEN = sys.argv[2:7]
START, STOP, STEP, PIECE, WHOLE = map(int, sys.argv[7:12])
SHAPES = sys.argv[12:]
ATTEMPTS = 3  # with all of the heap, after the one that is squeezed


class Hog:
    """An application that takes all of the heap except a rest."""

    def __init__(self):
        self._kept = [None] * 1024
        self._holes = [None] * 512
        self._at = 0

    def take(self, rest):
        if PIECE:
            for at in range(rest // PIECE):
                self._holes[at] = bytearray(PIECE)
                self._kept[at] = bytearray(1)  # a wall between two holes
            self._at = rest // PIECE
            rest = WHOLE
        self._holes[-1] = bytearray(rest)
        size = 1 << 20
        while size > 16:
            try:
                self._kept[self._at] = bytearray(size)
                self._at += 1
            except MemoryError:
                size //= 2
        self.fill()
        for at in range(len(self._holes)):
            self._holes[at] = None
        gc.collect()

    def fill(self):
        """Take the smallest pieces too."""
        try:
            while True:
                self._kept[self._at] = (self._at,)
                self._at += 1
        except MemoryError:
            pass

    def release(self):
        self._at = 0
        for at in range(len(self._kept)):
            self._kept[at] = None
        gc.collect()


class Lock:
    """Heap of which nothing can be taken until `release`."""

    on = False

    def take(self):
        self.on = True
        heap_lock()

    def release(self):
        if self.on:
            heap_unlock()
        self.on = False


def view(buffer):
    """Stands for memoryview, which is wanted when the answer has been read."""
    lock.release()
    return memoryview(buffer)


def attempt(config, rest=None):
    """One attempt, with only `rest` bytes of heap for its request: (credential or None, whether it was sent)."""
    enroller = module.Enroller(config, Port())
    ready = enroller._ready
    sent = False

    def squeezed():
        nonlocal sent
        if WHEN != "before":
            ready()
        hog.take(rest)
        if not rest:
            hog.fill()  # what taking has needed itself
        if WHEN == "before":
            ready()
        sent = True
        if WHEN == "locked":
            lock.take()

    credential = None
    if rest is not None:
        enroller._ready = squeezed
    try:
        credential = enroller.step(0).credential
    except MemoryError:
        pass
    finally:
        lock.release()
        hog.release()
        enroller.close()
    return credential, sent


def case(number, shape, rest):
    """Whether the device `number` has its credential in the end, and whether it asked for it when it was squeezed."""
    data = {
        "provider": PROVIDER,
        "url": f"{URL}/{shape}/{number}",
        "store": f"{FOLDER}/{number}",
        PROVIDER: SECTIONS[PROVIDER],
    }
    if CA:
        data["ca"] = CA
    config = Config(data)
    credential, sent = attempt(config, rest)
    for _ in range(ATTEMPTS):
        credential = credential or attempt(config)[0]
    return f"{number:032x}".encode() in (credential.encode() if credential else b""), sent


def main():
    number = sent = 0
    for shape in SHAPES:
        for rest in range(START, STOP, STEP):
            number += 1
            good, asked = case(number, shape, rest)
            sent += asked
            if not good:
                print(f"@lost {shape}: a rest of {rest} bytes, {'' if asked else 'not '}asked")
    print(f"@note asked {sent}")
    print(f"@cases {number}")


hog = Hog()
lock = Lock()
module.memoryview = view
main()
