"""What needs the board itself: its heap and flash, its watchdog, deep sleep, and resets while a record is saved."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

from enroll_tools.provision.answers import Each, OneOf
from enroll_tools.provision.snippets import Program
from enroll_tools.provision.untrusted import clean
from size import needed

from .bench import FOLDER, Bench
from .row import Broken, NotTried

ROUNDS = 5  # resets while records are saved
LEAST = 1000  # ms; some boards' watchdogs take no less
SLEEP = 2000  # ms
NIGHT = "kept through the night"
MARGIN = 3.0  # seconds more, after which a board that should have been reset was not

FIGURES = ("heap", "heap free", "library takes", "idf free", "flash", "flash free")  # in this order
_FIGURES = Program(
    """
import gc, os
def main(names):
    gc.collect()
    size, _, blocks, free = os.statvfs("/")[:4]
    before = gc.mem_free()
    for name in names:
        __import__(name)
    gc.collect()
    found = {"heap": gc.mem_free() + gc.mem_alloc(), "heap free": before, "library takes": before - gc.mem_free()}
    found.update({"flash": size * blocks, "flash free": size * free})
    try:
        import esp32
        found["idf free"] = sum([it[1] for it in esp32.idf_heap_info(esp32.HEAP_DATA)])
    except (ImportError, AttributeError):
        pass
    return found
""",
    Each(str, int),
    once=True,
)

_HAS = Program(
    """
def main(name):
    try:
        import machine
        return hasattr(machine, name)
    except ImportError:
        return False
""",
    bool,
    once=True,
)

_BITE = Program(
    """
def main(ms):
    import machine, time
    machine.WDT(timeout=ms)
    time.sleep(ms // 500 + 60)
""",
    once=True,
)

_SAVES = Program(
    """
def main(path, ms):
    import machine
    from enroll.commit import Journal
    store = Journal(path)
    record = store.load()
    store.prepare()
    number = int(record[2]) if record else 0
    machine.WDT(timeout=ms)
    while True:
        number += 1
        store.save(4, b"who", b"%0300d" % number)
        print("saved", number)
""",
    once=True,
)

_LOADS = Program(
    """
def main(path):
    from enroll.commit import Journal
    store = Journal(path)
    record = store.load()
    return [int(record[2]) if record else 0, len(store.damaged)]
""",
    (int, int),
    once=True,
)

_SAVE = Program(
    """
def main(path, number):
    from enroll.commit import Journal
    store = Journal(path)
    store.load()
    store.prepare()
    store.save(4, b"who", b"%0300d" % number)
    return store.load() == (4, b"who", b"%0300d" % number)
""",
    bool,
    once=True,
)

_SLEEP = Program(
    """
def main(ms):
    import machine
    machine.deepsleep(ms)
""",
    once=True,
)

_REMEMBER = Program(
    """
def main(text, ms):
    import machine, port
    port.memory(text.encode())
    machine.deepsleep(ms)
""",
    once=True,
)

_RECALL = Program(
    """
def main():
    import port
    kept = port.memory()
    return None if kept is None else kept.decode()
""",
    OneOf((None, str)),
    once=True,
)


def figures(bench: Bench) -> dict[str, Any]:
    """Bytes of heap and flash, and what the library takes once a first boot has loaded all that it may need."""
    paths = [Path(name).with_suffix("") for name in sorted(needed("etherfax"))]
    names = [".".join(["enroll", *path.parts]).removesuffix(".__init__") for path in paths]
    found = bench.call(_FIGURES, names)
    return {name: found[name] for name in FIGURES if name in found}


def records(bench: Bench) -> dict[str, Any]:
    """Records on the board's own file system, each read by another interpreter than the one that wrote it."""
    path = f"{FOLDER}/records"
    for number in (1, 2, 3):
        if bench.call(_SAVE, path, number) is not True:
            raise Broken(f"record {number} does not read back")
        if bench.call(_LOADS, path) != [number, 0]:
            raise Broken(f"record {number} is not there after a soft reset")
    return {"records": 3}


def saved(lines: list[str]) -> list[int]:
    """The numbers of records that the board says it has saved. The reset may have cut its last line anywhere."""
    numbers = [it.removeprefix("saved ") for it in lines if it.startswith("saved ")]
    return [int(number) for number in numbers if number.isdecimal()]


def resets(bench: Bench) -> dict[str, Any]:
    """The watchdog resets the board while it saves: what was saved is there, and nothing older. Raises Broken."""
    _needs(bench, "WDT")
    path = f"{FOLDER}/resets"
    last = damaged = 0
    for _ in range(ROUNDS):
        ms = LEAST + random.randrange(500)
        lines, _ = bench.until_reset(_SAVES, path, ms, seconds=ms / 1000 + MARGIN)
        told = saved(lines)
        if not told:
            raise Broken("it saved nothing before the watchdog bit")
        found, broken = bench.call(_LOADS, path)
        damaged += broken
        if found < told[-1]:  # it may be a later one: what the port still held is lost with the reset
            raise Broken(f"record {told[-1]} had been saved, and record {found} was there after the reset")
        last = found
    return {"resets": ROUNDS, "records": last, "slots found torn": damaged}


def watchdog(bench: Bench) -> dict[str, Any]:
    """A program that does not feed the watchdog is ended by it."""
    _needs(bench, "WDT")
    _, causes = bench.until_reset(_BITE, 2 * LEAST, seconds=2 * LEAST / 1000 + MARGIN)
    if "watchdog" not in causes:
        raise Broken("the board does not say that its watchdog has reset it")
    return {"timeout ms": 2 * LEAST}


def sleep(bench: Bench) -> dict[str, Any]:
    """Deep sleep ends by itself."""
    _needs(bench, "deepsleep")
    start = time.monotonic()
    _, causes = bench.until_reset(_SLEEP, SLEEP, seconds=SLEEP / 1000 + MARGIN)
    taken = round(1000 * (time.monotonic() - start))
    woken = "sleep" in causes
    if taken < SLEEP or (bench.facts.platform == "esp32" and not woken):
        raise Broken(f"back after {taken} ms, from sleep: {woken}")
    return {"sleep ms": SLEEP, "back after ms": taken, "says that it slept": woken}


def memory(bench: Bench) -> dict[str, Any]:
    """What the port keeps in memory outlasts deep sleep."""
    _needs(bench, "deepsleep")
    if not bench.real:
        raise NotTried("a computer plays this board: its memory is the program's")
    bench.install_port()
    if bench.call(_RECALL) is None:
        raise NotTried("this family has no memory that outlasts deep sleep")
    bench.until_reset(_REMEMBER, NIGHT, SLEEP, seconds=SLEEP / 1000 + MARGIN)
    kept = bench.call(_RECALL)
    if kept != NIGHT:
        raise Broken(f"after deep sleep it holds {clean(kept)}")
    return {"bytes": len(NIGHT)}


def _needs(bench: Bench, name: str) -> None:
    if not bench.call(_HAS, name):
        raise NotTried(f"this board has no machine.{name}")
    bench.may_reset()
