"""Boots the firmware once for each case of a plan, all in one process, and judges the outcome.

The plan is a file of JSON lines: first {"secrets": [...], "serial"}, then for each case {"name", "path", "kinds",
"wait", "most", "gap"}: `path` is that of an enroll.json, `wait` the seconds until the next attempt, at least and at
most, or null, `most` those that the boot may take, `gap` those that the watchdog may wait.
"""

import json
import sys
import time

import enroll
import main
import watched
from enroll import errors
from enroll.enroller import Enroller
from enroll.providers.etherfax.md5 import token

FINAL = ("configuration", "refused", "orphaned", "answer")


class Watched(Enroller):
    """Keeps what its attempt has said."""

    last = None

    def attempt(self):
        Watched.last = yield from super().attempt()
        return Watched.last


enroll.Enroller = Watched


def boot(path):
    """Boot once. Returns (exit status or exception, lines of stdout, lines of stderr)."""
    out, err = [], []
    main.print = lambda *words, file=None: (err if file else out).append(" ".join([str(word) for word in words]))
    watched.start()
    try:
        status = main.main([path, "--once"])
    except Exception as error:
        status = error
    watched.feed()
    return status, out, err


def span(config, kind):
    """Seconds until the next attempt, at least and at most, where the server did not ask for any."""
    if kind == "registered":
        return 0, 0
    return (config.cap / 2, config.cap) if kind in FINAL else (0, config.first)


def outcome(case, config, status, line):
    """What is wrong with what the boot says has happened: sentences."""
    kind = line.split(" ")[1].rstrip(":")
    wanted = " or ".join(case["kinds"])
    if kind not in case["kinds"]:
        yield f"wanted {wanted}: {line}"
    if status != (0 if kind == "registered" else errors.status(kind)):
        yield f"exit status {status} for {kind}"
    if kind != "registered" and len(line) < len(kind) + 20:
        yield f"says only {line}"
    low, high = case["wait"] or span(config, kind)
    at = Watched.last.at
    if not low <= at <= high:
        yield f"next attempt in {at} s, wanted {low} to {high}"


def faults(case, secrets):
    """What is wrong with the boot of `case`: sentences."""
    path = case["path"]
    config = enroll.Config.load(path)
    before, start = watched.opened(), time.ticks_ms()
    status, out, err = boot(path)
    took = time.ticks_diff(time.ticks_ms(), start)
    left = watched.opened() - before
    if len(out) == 1:
        yield from outcome(case, config, status, out[0])
    else:
        yield f"printed {out}, ended with {status!r}"
    if took > 1000 * case["most"]:
        yield f"took {took} ms"
    if watched.longest > 1000 * case["gap"]:
        yield f"the watchdog was not fed for {watched.longest} ms"
    if left:
        yield f"{left} files and sockets are left open"
    for line in out + err:
        if "\n" in line or "\r" in line or "Traceback" in line:
            yield f"logged more than a line: {line!r}"
    if watched.told(out + err, secrets):
        yield f"printed a secret: {out} {err}"


def run(plan):
    slowest = longest = cases = 0
    top = json.loads(plan.readline())
    secrets = top["secrets"]
    if top["serial"]:
        secrets.append(token(top["serial"], int(time.time())))
    for line in plan:
        case = json.loads(line)
        start = time.ticks_ms()
        found = "; ".join(faults(case, secrets)).replace("\n", " ").replace("\r", " ")
        if found:
            print("@lost", case["name"] + ":", found)
        slowest = max(slowest, time.ticks_diff(time.ticks_ms(), start))
        longest = max(longest, watched.longest)
        cases += 1
    print("@cases", cases)
    print("@note longest attempt, ms", slowest)
    print("@note longest time without feeding the watchdog, ms", longest)


with open(sys.argv[1]) as file:
    run(file)
