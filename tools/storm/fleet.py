"""A fleet that lives by a schedule, second by second: `simulate`. Needs numpy."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .schedules import Range, Schedule

NEVER = np.iinfo(np.uint16).max  # of `due`: the device is registered
Second = tuple[int, int, int]  # when, requests, registrations


@dataclass
class Storm:
    """What a service saw. `start`: the second from which it could register any device.

    `at`: the seconds in which requests came, in order; `requests`, `registered`: how many, and how many of them
    registered a device.
    """

    devices: int
    capacity: int
    schedule: Schedule
    start: int
    at: Any
    requests: Any
    registered: Any

    @property
    def ideal(self) -> float:
        """Seconds that it takes if no second is wasted."""
        return self.devices / self.capacity

    def seconds(self, share: float) -> int:
        """Seconds from `start` until this share of the devices is registered."""
        found = np.searchsorted(np.cumsum(self.registered), np.ceil(share * self.devices))
        return int(self.at[found]) + 1 - self.start

    def peak(self, after: int) -> float:
        """The most requests in a second, as a multiple of the capacity, from `after` seconds past the start."""
        late = self.requests[self.at >= self.start + after]
        return float(late.max()) / self.capacity if late.size else 0.0

    def each(self) -> float:
        """Requests a device, the one that registers it included."""
        return float(self.requests.sum()) / self.devices

    def series(self, seconds: int) -> tuple[Any, Any]:
        """Requests in each of the first `seconds` seconds from 0, and devices registered until then."""
        requests, registered = np.zeros(seconds), np.zeros(seconds)
        early = self.at < seconds
        requests[self.at[early]] = self.requests[early]
        registered[self.at[early]] = self.registered[early]
        return requests, np.cumsum(registered)


def simulate(
    devices: int,
    capacity: int,
    schedule: Schedule,
    outage: int = 0,
    joins: Range = (0, 0),
    seed: int = 1,
    gap: Range = (0, 0),
) -> Storm:
    """Let `devices` boot in the same second and try until all are registered, each by itself.

    In a second the service registers `capacity` devices at most, at random among those that ask; the others are told
    so at once. `outage`: seconds for which it registers none. `joins`: seconds until a device's network is up, at
    random between the two; earlier attempts reach no service. A retry in the same second counts in the next one. `gap`:
    from when until when it registers none either, though it did before.

    Raises OverflowError if it would take 18 hours or more.
    """
    start = int(max(outage, joins[0]))
    if not schedule.random and joins[0] == joins[1] == gap[1] == 0:
        found = np.array(list(_together(devices, capacity, schedule, outage)), np.int64)
    else:
        crowd = _Crowd(devices, capacity, schedule, outage, joins, np.random.default_rng(seed))
        crowd.gap = gap
        found = np.array(list(crowd.run()), np.int64)
    at, requests, registered = found.T
    return Storm(devices, capacity, schedule, start, at, requests, registered)


def _together(devices: int, capacity: int, schedule: Schedule, outage: int) -> Iterator[Second]:
    """Devices that did the same do the same next: groups of them, where nothing is random."""
    groups = {(int(schedule.first[0]), 0): devices}  # by the second of the next attempt and the count of failures
    queue = list(groups)
    left = devices
    while left:
        now = queue[0][0]
        free = capacity if now >= outage else 0
        requests = registered = 0
        while queue and queue[0][0] == now:
            key = heapq.heappop(queue)
            group = groups.pop(key)
            done = min(free - registered, group)
            requests, registered = requests + group, registered + done
            if group > done:
                count = min(key[1] + schedule.weight, len(schedule.joined) - 1)
                again = now + max(1, int(schedule.wait(count, 0))), count
                if again not in groups:
                    heapq.heappush(queue, again)
                groups[again] = groups.get(again, 0) + group - done
        left -= registered
        yield now, requests, registered


class _Crowd:
    """Devices, each with its own chance."""

    gap: Range = (0, 0)

    def __init__(self, devices: int, capacity: int, schedule: Schedule, outage: int, joins: Range, chance: Any) -> None:
        self.capacity, self.outage, self.chance = capacity, outage, chance
        self.schedule = schedule
        self.joined, self.offline = (np.array(it).T for it in (schedule.joined, schedule.offline))
        self.most = max(len(schedule.joined), len(schedule.offline)) - 1
        low, high = schedule.first
        self.due = (low + chance.random(devices) * (high - low)).astype(np.uint16)  # second of the next attempt
        self.count: Any = np.zeros(devices, np.uint8)  # of failures in a row
        self.joins = None
        if joins[1]:
            self.joins = (joins[0] + chance.random(devices) * (joins[1] - joins[0])).astype(np.uint16)
        self.left = devices

    def run(self) -> Iterator[Second]:
        """Each second in which requests come, until all are registered."""
        now = -1
        while self.left:
            now += 1
            who = np.flatnonzero(self.due == now)
            if not who.size:
                now = int(self.due.min())
                who = np.flatnonzero(self.due == now)
            who = self._online(who, now)
            if who.size:
                yield now, who.size, self._ask(who, now)
            if 4 * self.left < 3 * self.due.size:
                self._forget()

    def _forget(self) -> None:
        """Leave out those that are registered: each second looks at all."""
        left = self.due != NEVER
        self.due, self.count = self.due[left], self.count[left]
        if self.joins is not None:
            self.joins = self.joins[left]

    def _online(self, who: Any, now: int) -> Any:
        """Those of `who` whose network is up; the others wait."""
        if self.joins is None:
            return who
        away = self.joins[who] > now
        lost = who[away]
        self._later(lost, now, self._waits(lost, 1, self.offline, self.chance.random(lost.size)))
        return who[~away]

    def _ask(self, who: Any, now: int) -> int:
        """The devices `who` ask to be registered. Returns how many are."""
        away = now < self.outage or self.gap[0] <= now < self.gap[1]
        free = min(who.size, 0 if away else self.capacity)
        if 0 < free < who.size:
            self.chance.shuffle(who)
        self.due[who[:free]] = NEVER
        self.left -= free
        sent_away = who[free:]
        chance = self.chance.random(sent_away.size)
        waits = self._waits(sent_away, self.schedule.weight, self.joined, chance)
        least, most = self.schedule.asked
        self._later(sent_away, now, np.maximum(waits, least + chance * (most - least)))
        return int(free)

    def _waits(self, who: Any, weight: int, ranges: Any, chance: Any) -> Any:
        count = np.minimum(self.count[who] + weight, self.most)
        self.count[who] = count
        low, high = ranges
        at = np.minimum(count, low.size - 1)
        return low[at] + chance * (high[at] - low[at])

    def _later(self, who: Any, now: int, waits: Any) -> None:
        # an attempt may be anywhere in its second
        due = now + np.maximum(1, (waits + self.chance.random(who.size)).astype(np.int64))
        if who.size and due.max() >= NEVER:
            raise OverflowError("longer than a second of 16 bits can tell")
        self.due[who] = due
