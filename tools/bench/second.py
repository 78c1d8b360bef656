"""Second boots: from the start of the interpreter to the credential, without a packet.

The verdict is about the processor's time: nothing is waited for, and other work on the computer does not change it.
"""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from . import Row, Work
from .boots import Boot, Sides, Starter, device, pair, runtimes, served, starter
from .first import APART, Found, compared, series

TITLE = "Second boot"
TARGET = 1.2
RUNS = 200
FORMS = {"mpy": "code from .mpy", "rom": "code in ROMFS"}
SIDES = ("enroll", "plain")
COUNT = """
class Sockets:
    opened = 0
    def __getattr__(self, name):
        if name == "socket" or name == "getaddrinfo":
            self.opened += 1
        raise AttributeError(name)
sockets = sys.modules["socket"] = Sockets()
try:
    import main
    main.main(["enroll.json", "--once"])
finally:
    print(sockets.opened + ("enroll.connection" in sys.modules))
"""
MODULES = """
import main, port
from enroll import reader, schema, url, journal, credential
import enroll.providers.etherfax
"""
WORDS = {
    "code": "importing",
    "config": "reading and checking enroll.json",
    "journal": "reading the journal",
}
PARTS = f"""
import time
now = time.ticks_us
start = now()
{MODULES}
code = now()
config = main.enroll.Config.load("enroll.json")
read = now()
assert main.enroll.stored(config, port)
print(code - start, read - code, now() - read)
"""


def measure(work: Work) -> list[Row]:
    """Boot devices that have registered: one of enroll and one of the plain script, in turns."""
    sides = Sides(work.folder / "code")
    rows = []
    for runtime in runtimes():
        with starter(runtime) as start:
            folders = registered(sides, start, work.folder / runtime)
            for form, words in FORMS.items():
                found: Found = {side: [] for side in (*SIDES, "modules")}
                for number in work.each(range(work.runs(RUNS)), f"{runtime}, {words}"):
                    for side in SIDES if number % 2 else reversed(SIDES):
                        found[side].append(start(folders[side], *sides.start(side, form)))
                    found["modules"].append(start(folders["enroll"], *sides.program("enroll", form, MODULES)))
                what = f"{runtime}, {words}"
                name = f"{runtime}.{form}"
                rows.append(compared(name, what, found, "cpu", TARGET, 2))
                opened = int(start(folders["enroll"], *sides.program("enroll", form, COUNT)).out.split()[-1])
                rows.append(Row(f"{name}.sockets", f"{what}, sockets", opened, "=", 0, "", 0))
                cpu = series(found, "cpu")
                told = f"{what}, processor if it only imports"
                rows.append(Row(f"{name}.modules", told, **pair(cpu["modules"], cpu["plain"], 2)))
                if form == APART:
                    parts = [start(folders["enroll"], *sides.program("enroll", form, PARTS)) for _ in found["enroll"]]
                    rows += [compared(name, what, found, "seconds", None, 2), *shares(name, what, parts)]
    return rows


def shares(name: str, what: str, boots: list[Boot]) -> list[Row]:
    """Rows for what the parts of a boot, which wait for nothing, take of the processor's time.

    The rest is the start and the end of the interpreter.
    """
    took = [[int(it) / 1000 for it in boot.out.split()] for boot in boots]
    whole = statistics.median(boot.cpu * 1000 for boot in boots)
    rows = []
    for part, times in zip(WORDS, zip(*took, strict=True), strict=True):
        middle = statistics.median(times)
        told = f"{middle:.2f} of {whole:.2f} ms"
        rows.append(
            Row(f"{name}.{part}", f"{what}, {WORDS[part]}", middle / whole * 100, unit="%", digits=0, ours=told)
        )
    return rows


def registered(sides: Sides, start: Starter, folder: Path) -> dict[str, Path]:
    """The folder of a registered device of each side. The service is gone afterwards."""
    with served(len(SIDES)) as configs:
        folders = {side: device(folder / side, config) for side, config in zip(SIDES, configs, strict=True)}
        for side, place in folders.items():
            start(place, *sides.start(side, "mpy"))
    return folders


def draw(rows: list[Row]) -> dict[str, tuple[Any, str]]:
    """The ratios beside the target."""
    from .plots import bars

    return {"second.svg": bars(rows, TARGET, "second boot, enroll / plain script")}
