"""Plays the cases of a plan (see server_boots.py) beside a ticker: an enroller under asyncio, or a session.

Arguments: the plan, how often each case, after how many times what stays is loaded and filled, then "enroller" or
"session" and "asyncio" or "blocking". A case has besides "method" and "requests": what a session asks, and how often
before it is closed; "kinds" are of the last of these. After a case that is "held", only a Response is right.
"""

import asyncio
import gc
import json
import sys
import time

import enroll
import port
import watched
from enroll.credential import Credential

PAUSE = 50  # ms between two requests of a session: what the server has sent unasked is there then
TICK = 10  # ms
_sleep = asyncio.sleep


async def soon(seconds):
    """Stands for asyncio's sleep: nobody waits between two 401s, nor for a retry."""
    await _sleep(min(seconds, 0.01))


class Ticker:
    """An application's task that wants to run every 10 ms; `late()` says how late it was at most, in ms."""

    def __init__(self):
        self._last = time.ticks_ms()
        self._most = 0

    def late(self):
        self._most = max(self._most, time.ticks_diff(time.ticks_ms(), self._last) - TICK)
        return self._most

    async def run(self):
        while True:
            await asyncio.sleep_ms(TICK)
            self.late()
            self._last = time.ticks_ms()


class Over(Exception):
    """An enroller's attempt has failed, and it is about to wait for the next."""


class Enrolling:
    """Registers over and over; each time as a device that was reset."""

    def __init__(self, case, lines, secret):
        self.config = enroll.Config.load(case["path"])
        self._lines = lines

    def _log(self, line):
        self._lines.append(line)
        if "; next attempt in " in line:
            raise Over(line.split(":")[0])

    async def once(self):
        """The kind of what has come of one attempt."""
        try:
            await enroll.arun(self.config, port, log=self._log)
            return "registered"
        except Over as over:
            return str(over)

    def close(self):
        enroll.forget(self.config, port)


class Asking:
    """Makes requests with a credential that is a secret."""

    def __init__(self, case, lines, secret):
        config = enroll.Config.load(case["path"])
        extra = {"hub_url": config.url, "scheme": "Bearer"}
        credential = Credential(config, "device-1", secret, extra)
        self._session = enroll.Session(config, port, credential, lines.append)
        self._method = case["method"]
        self.blocking = False

    async def once(self):
        """The kind of what has come of one request."""
        asked = (self._method, "/v1/{id}?a=b")
        try:
            if self.blocking:
                response = self._session.request(*asked, json={"a": 1})
            else:
                response = await self._session.arequest(*asked, json={"a": 1})
        except OSError:
            return "network"
        return "forged" if b"forged" in response.content else "response"

    def close(self):
        self._session.close()


async def tell(it, lines):
    """The kind of what has come of one attempt; what was raised joins the `lines`."""
    try:
        return await it.once()
    except enroll.EnrollError as error:
        lines.append(str(error) + repr(error))
        return error.kind
    except Exception as error:
        lines.append(str(error))
        return repr(error)


async def attempts(case, it, lines, times, settled, secrets):
    """What is wrong with so many attempts, in a list of sentences: each once."""
    every = case["requests"]
    found, growth, earlier = [], watched.Growth(settled * every, times * every), ""
    before = watched.opened()
    wanted = case["kinds"]
    for number in range(times * every):
        if growth.due(number):
            growth.measure()
        start = time.ticks_ms()
        watched.start()
        kind = await tell(it, lines)
        watched.feed()
        took = time.ticks_diff(time.ticks_ms(), start)
        wrong = []
        if took > 1000 * case["most"]:
            wrong.append(f"took {took} ms")
        if watched.longest > 1000 * case["gap"]:
            wrong.append(f"the watchdog was not fed for {watched.longest} ms")
        if watched.told(lines, secrets):
            wrong.append(f"told a secret: {lines}")
        lines.clear()
        if (number + 1) % every:
            if kind != "response":
                earlier = f"the request before came to {kind} in {took} ms"
            await asyncio.sleep_ms(PAUSE)
        else:
            it.close()
            if earlier:
                wrong.append(earlier)
                earlier = ""
            elif kind not in wanted:
                wrong.append(f"wanted {' or '.join(wanted)}: {kind}")
            if case["held"]:
                wanted = ["response"]
            if watched.opened() > before:
                wrong.append(f"{watched.opened() - before} files and sockets are left open")
        found += [sentence for sentence in wrong if sentence not in found][: 3 - len(found)]
    if growth.due(times * every):
        growth.measure()
    return found + list(growth.faults())


async def play(case, who, how, times, settled, secrets):
    """(what is wrong with the attempts of `case`, how late the ticker was at most)."""
    lines = []
    it = {"enroller": Enrolling, "session": Asking}[who](case, lines, secrets[0])
    it.blocking = how == "blocking"
    ticker = Ticker()
    ticking = None if it.blocking else asyncio.create_task(ticker.run())
    await asyncio.sleep_ms(0)
    found = await attempts(case, it, lines, times, settled, secrets)
    late = 0
    if ticking:
        late = ticker.late()
        ticking.cancel()
        if late > 1000 * case["gap"]:
            found.append(f"the ticker was {late} ms late")
    return found, late


def run(plan, times, settled, who, how):
    secrets = json.loads(plan.readline())["secrets"]
    latest = longest = 0
    for line in plan:
        case = json.loads(line)
        found, late = asyncio.run(play(case, who, how, times, settled, secrets))
        if found:
            print("@lost", case["name"] + ":", "; ".join(found).replace("\n", " ").replace("\r", " "))
        print("@cases", times)
        latest, longest = max(latest, late), max(longest, watched.longest)
        gc.collect()
    print("@note longest time without feeding the watchdog, ms", longest)
    if how == "asyncio":
        print("@note a tick of 10 ms late by at most, ms", latest)


if __name__ == "__main__":
    asyncio.sleep = soon
    port.sleep = lambda seconds: None
    with open(sys.argv[1]) as file:
        run(file, int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
