"""Makes many attempts for each case of a plan (see server_boots.py) with one Enroller, and shows that nothing grows.

Arguments: the plan, how often, and after how many attempts what stays is loaded and filled: from then on the heap in
use and the open files and sockets must stay what they are.
"""

import gc
import json
import sys

import enroll
import port
import watched
from enroll.enroller import Enroller


def attempts(case, times, settled):
    """Make them; what is wrong: sentences."""
    config = enroll.Config.load(case["path"])
    kinds, growth = {}, watched.Growth(settled, times)
    enroller, now = None, 0
    port.memory(b"")  # what deep sleep keeps is another case's
    watched.start()
    for number in range(times):
        if growth.due(number):
            if enroller:
                enroller.close()  # the slot that waits for the next record
            growth.measure()
        enroller = enroller or Enroller(config, port)
        action = enroller.step(now)
        now = action.at
        kind = action.error.kind if action.error else "registered"
        kinds[kind] = kinds.get(kind, 0) + 1
        if action.credential:  # as a device that was reset
            enroller.close()
            enroll.forget(config, port)
            enroller, now = None, 0
        action = None
    watched.feed()
    if enroller:
        enroller.close()
    growth.measure()
    yield from growth.faults()
    if watched.longest > watched.GAP:
        yield f"the watchdog was not fed for {watched.longest} ms"
    if [kind for kind in kinds if kind not in case["kinds"]]:
        yield f"came to {kinds}"


def run(plan, times, settled):
    plan.readline()
    longest = 0
    for line in plan:
        case = json.loads(line)
        try:
            found = "; ".join(attempts(case, times, settled))
        except Exception as error:
            found = f"raised {error!r}"
        if found:
            print("@lost", case["name"] + ":", found)
        print("@cases", times)
        longest = max(longest, watched.longest)
        gc.collect()
    print("@note longest time without feeding the watchdog, ms", longest)


with open(sys.argv[1]) as file:
    run(file, int(sys.argv[2]), int(sys.argv[3]))
