"""The tables of docs/size.md, from what size.py has measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from devices import ROOT
from figures import fill, number, table
from size import BUDGET, FORMS, HEAPS, READS

PAGE = ROOT / "docs" / "size.md"
PLACES = [f"size.{it}" for it in ("first", "firmware", "further", "others", "missed", "heaps", "held")]
NAMES = {
    "azure": "Azure",
    "centagate": "Centagate",
    "cumulocity": "Cumulocity",
    "etherfax": "etherFAX",
    "ickstream": "ickStream",
    "oauth": "OAuth",
    "rest": "`rest`, your own back end",
    "thingsboard": "ThingsBoard",
    "xyte": "Xyte",
}
READ = "reads and checks enroll.json for "
OTHERS = {  # what is loaded besides, and when: (what it is for, its modules, or one alone with a budget)
    "erasing a one-time token from enroll.json": ["erase.py"],
    "HMAC": ["hmac.py"],
    "a service that polls, or shows a code": ["steps.py", "providers/other_steps.py"],
    "a request that is a form": ["providers/post_form.py"],
    READ + "`rest`": sorted(name for name in READS if "/rest/" in name),
    READ + "Azure": sorted(name for name in READS if "/azure/" in name),
    "a session": ["session.py"],
    "urequests' interface": ["requests.py"],
    "another credential after a 401, or before one expires": ["renew.py"],
    "an attempt that failed": ["failed.py", "backoff.py"],
    "`step` for devices that sleep": ["sleep.py"],
    "`set_registration_token`": ["token.py"],
    "Centagate's login": ["providers/centagate/login.py"],
    "the networks that are remembered": ["networks.py"],
    "a device that no network is known to": ["onboarding.py"],
    "Improv": ["improv.py"],
    "a page in a network of the device's own": ["portal.py"],
    "a program that opens a registered device's serial port": ["visit.py"],
    "[MQTT](mqtt.md): what a broker wants": ["broker.py"],
    "the same for Azure's": ["providers/azure/mqtt.py"],
    "what mqtt_as takes": ["mqtt_config.py"],
    "`connect` and `config`": ["mqtt.py"],
    "the client of umqtt.simple": ["mqtt_client.py"],
    "its stream": ["mqtt_stream.py"],
    "the client of umqtt.simple2, besides": ["mqtt_simple2.py"],
    "a broker that did not accept the connection": ["mqtt_refused.py"],
    "all that `connect` of MQTT loads": ["broker.py", "mqtt.py", "mqtt_client.py", "mqtt_stream.py"],
}
SUMS = {"all that `connect` of MQTT loads": BUDGET["mqtt.py"]}  # bytes; the budgets of several modules together


def mark(size: int, budget: int | None) -> list[str]:
    """The cells of a row after its name: size, budget, and whether it is kept."""
    if budget is None:
        return [number(size), "", ""]
    return [number(size), number(budget), "reached" if size <= budget else "missed"]


def lines(title: str, rows: Iterable[tuple[str, int, int | None]]) -> str:
    """A table of (what, bytes, budget)."""
    return table([title, "bytes", "budget", ""], [[name, *mark(size, budget)] for name, size, budget in rows])


def others(modules: dict[str, int]) -> list[tuple[str, int, int | None]]:
    """The lines of OTHERS: (what for, bytes, budget); `modules` are bytes by name."""

    def budget(name: str, names: Sequence[str]) -> int | None:
        return BUDGET.get(names[0]) if len(names) == 1 else SUMS.get(name)

    return [(name, sum(modules[it] for it in names), budget(name, names)) for name, names in OTHERS.items()]


def missed(rows: Iterable[tuple[str, int, int | None]]) -> str:
    """Which of `rows`, (what, bytes, budget), are above their budgets."""
    return ", ".join(name for name, size, budget in rows if budget is not None and size > budget) or "none"


def heaps(found: dict[str, int]) -> list[tuple[str, int, int | None]]:
    """The lines of smallest heaps: (which boot, bytes, budget); `found` as size.heaps returns it."""
    rows = []
    for name, size in found.items():
        row, how = name.split(" ")
        rows.append((f"{HEAPS[row][0]}, {FORMS[how]}", size, BUDGET.get(name)))
    return rows


def flash_tables(figures: dict[str, Any]) -> dict[str, str]:
    """The tables that need no device: {place in the page: table}."""
    budgets = {name: BUDGET.get(name, BUDGET["provider"]) for name in figures["further provider"]}
    return {
        "size.first": lines(
            "what a first boot loads of the library, with",
            [(NAMES[it], size, BUDGET["flash"]) for it, size in figures["first boot"].items()],
        ),
        "size.firmware": lines(
            "besides the library", [(name, size, None) for name, size in figures["firmware"].items()]
        ),
        "size.further": lines(
            "a further provider", [(NAMES[it], size, budgets[it]) for it, size in figures["further provider"].items()]
        ),
        "size.others": lines("loaded for", others(figures["modules"])),
        "size.missed": missed(others(figures["modules"])),
    }


def heap_tables(figures: dict[str, Any]) -> dict[str, str]:
    """The tables of heaps."""
    held = [(name, size, None) for name, size in figures["held"].items()]
    return {
        "size.heaps": lines("smallest heap for a", heaps(figures["heap"])),
        "size.held": lines("held while loaded, code from .mpy files", held),
    }


def write(figures: dict[str, Any], page: Path = PAGE) -> None:
    """Put all of `figures`, as size.py prints them as JSON, into `page`."""
    fill(page, flash_tables(figures["flash"]) | heap_tables(figures))
