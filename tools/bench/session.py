"""Requests of a registered device: a session, which keeps its connection, beside stock `requests`, which cannot."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from figures import number

from . import Row, Work, ratio
from .boots import PROMPT, Boot, Sides, Starter, device, runtimes, served, starter

TITLE = "Session"
TARGET = 3
ROUNDS = 10
REQUESTS = {"enroll": 200, "plain": 10, "prompt": 20}  # of one round
LONG = 10_000  # requests over which the heap is watched
STEP = 250  # requests from one look at the heap to the next
SETTLED = 500  # requests after which it must not grow
PATH = "/accounts?a=status"

SESSION = """
import time, enroll, port
config = enroll.Config.load("enroll.json")
session = enroll.Session(config, port)
def ask():
    response = session.request("GET", "{path}")
    assert response.status_code == 200, response.status_code
    response.json()
"""
STOCK = """
import binascii, json, requests, time
with open("enroll.json") as file:
    config = json.load(file)
with open("credential.json") as file:
    credential = json.load(file)
user = "device/%s:%s" % (config["etherfax"]["serial"], credential["DeviceToken"])
headers = {{"Authorization": "Basic " + str(binascii.b2a_base64(user.encode(), newline=False), "ascii")}}
def ask():
    response = requests.get(config["url"] + "{path}", headers=headers)
    assert response.status_code == 200, response.status_code
    response.json()
"""
TIMED = """
ask()
start = time.ticks_us()
for _ in range({number}):
    ask()
print("took", time.ticks_diff(time.ticks_us(), start))
"""
WATCHED = """
import gc
for at in range({number} // {step} + 1):
    gc.collect()
    print("heap", gc.mem_alloc())
    for _ in range({step}):
        ask()
session.close()
gc.collect()
print("closed", gc.mem_alloc())
"""


def measure(work: Work) -> list[Row]:
    """Ask a service for the device's state, again and again."""
    sides = Sides(work.folder / "code")
    rows = []
    for runtime in runtimes():
        with starter(runtime) as start, served(2) as configs:
            folders = {side: work.folder / runtime / side for side in ("enroll", "plain")}
            for (side, folder), config in zip(folders.items(), configs, strict=True):
                start(device(folder, config), *sides.start(side, "mpy"))
            rows += rates(work, sides, start, runtime, folders)
            rows += heap(work, sides, start, runtime, folders["enroll"])
    return rows


def program(side: str, what: str, **values: Any) -> str:
    """A program that asks as `side` does, "enroll", "plain" or "prompt"."""
    head = SESSION if side == "enroll" else STOCK
    return (PROMPT if side == "prompt" else "") + head.format(path=PATH) + what.format(**values)


def rates(work: Work, sides: Sides, start: Starter, runtime: str, folders: dict[str, Path]) -> list[Row]:
    """Requests a second of each, in turns."""
    found: dict[str, list[float]] = {side: [] for side in REQUESTS}
    for _ in work.each(range(work.runs(ROUNDS)), f"{runtime}, requests"):
        for side, requests in REQUESTS.items():
            code = "enroll" if side == "enroll" else "plain"
            boot = start(folders[code], *sides.program(code, "mpy", program(side, TIMED, number=requests)))
            found[side].append(requests * 1e6 / figures(boot, "took")[0])
    told = {side: f"{statistics.median(it):.0f} a second" for side, it in found.items()}
    rows = []
    for side, words, target in (
        ("plain", "requests a second", TARGET),
        ("prompt", "beside `requests` with TCP_NODELAY", None),
    ):
        low, middle, high = ratio(found["enroll"], found[side])
        rows.append(
            Row(
                f"{runtime}.{side}",
                f"{runtime}, {words}",
                middle,
                ">=",
                target,
                digits=1,
                ours=told["enroll"],
                beside=told[side],
                low=low,
                high=high,
            )
        )
    return rows


def heap(work: Work, sides: Sides, start: Starter, runtime: str, folder: Path) -> list[Row]:
    """What a session adds to the heap over LONG requests, once it has settled."""
    requests = LONG if work.most is None else 4 * STEP
    work.step(f"{runtime}, heap over {number(requests)} requests")
    boot = start(folder, *sides.program("enroll", "mpy", program("enroll", WATCHED, number=requests, step=STEP)))
    held = figures(boot, "heap")
    settled = held[SETTLED // STEP]
    return [
        Row(
            f"{runtime}.heap",
            f"{runtime}, growth of the heap over {number(requests)} requests",
            max(held[-1] - settled, 0),
            "=",
            0,
            "bytes",
            0,
            ours=f"{number(settled)} bytes after {SETTLED} requests, {number(held[-1])} at the end",
            points={"held": held, "step": STEP},
        ),
        Row(
            f"{runtime}.connection",
            f"{runtime}, heap that the kept connection holds",
            held[-1] - figures(boot, "closed")[0],
            unit="bytes",
            digits=0,
        ),
    ]


def figures(boot: Boot, name: str) -> list[int]:
    """The numbers that a program has printed after `name`."""
    return [int(line.split()[1]) for line in boot.out.splitlines() if line.startswith(name + " ")]


def draw(rows: list[Row]) -> dict[str, tuple[Any, str]]:
    """The heap over the requests."""
    from matplotlib.figure import Figure

    figure = Figure()
    axes = figure.subplots()
    watched = [row for row in rows if row.points]
    for row in watched:
        held, step = row.points["held"], row.points["step"]
        axes.plot([at * step for at in range(len(held))], [it / 1024 for it in held], label=row.what.partition(",")[0])
    axes.set_xlabel("requests over one connection")
    axes.set_ylabel("heap in use after a collection, KiB")
    axes.set_ylim(bottom=0)
    axes.legend()
    told = "; ".join(f"{row.what}: {row.figure:.0f} bytes" for row in watched)
    return {"session-heap.svg": (figure, f"The heap in use while a session sends requests. {told}")}
