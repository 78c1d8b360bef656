"""Asks for the time once for each case of a plan, all at the same time under asyncio, or one after another.

The plan is a file of JSON lines: {"name", "config", "expected", "most"}; `config` is an enroll.json, `expected` Unix
seconds, null for now, or "clock"; `most` the seconds that it may take. A second argument: one after another.
"""

import asyncio
import json
import sys
import time

import watched
from enroll import clock, tasks
from enroll.config import Config
from enroll.errors import EnrollError

NEAR = 10  # seconds between the time that was asked for and the time that is judged


def judge(case, start, found):
    """What is wrong with `found`, Unix seconds or an exception: sentences."""
    took = time.ticks_diff(time.ticks_ms(), start)
    expected = case["expected"]
    if took > case["most"] * 1000:
        yield f"took {took} ms"
    if isinstance(found, EnrollError):
        if found.kind != expected or ": check" not in str(found):
            yield f"says {found.kind}: {found}"
    elif isinstance(found, Exception):
        yield f"raised {found!r}"
    elif expected == "clock" or abs(found - (time.time() if expected is None else expected)) > NEAR:
        yield f"believed {found}"


def report(case, start, found):
    wrong = "; ".join(judge(case, start, found))
    if wrong:
        print("@lost", case["name"] + ":", wrong)


async def ask(case):
    start = time.ticks_ms()
    try:
        found = await tasks.arun(clock.ask(Config(case["config"]), print), watched.feed)
    except Exception as error:
        found = error
    report(case, start, found)


async def together(cases):
    await asyncio.gather(*[ask(case) for case in cases])


def in_turn(cases):
    for case in cases:
        start = time.ticks_ms()
        try:
            found = tasks.run(clock.ask(Config(case["config"]), print), watched.feed)
        except Exception as error:
            found = error
        report(case, start, found)


clock.now = lambda: 0  # a board's clock after a reset: the machine's own would always do
with open(sys.argv[1]) as file:
    cases = [json.loads(line) for line in file]
watched.start()
if len(sys.argv) > 2:
    in_turn(cases)
else:
    asyncio.run(together(cases))
watched.feed()
print("@cases", len(cases))
if watched.longest > watched.GAP:
    print("@lost the watchdog was not fed for", watched.longest, "ms")
