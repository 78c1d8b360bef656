"""What the simulation of `make storm` says of a run. Needs numpy."""

from __future__ import annotations

import numpy as np
from storm.fleet import simulate
from storm.schedules import CAP, FIRST, ours

from .members import RETRY
from .records import Run

FASTER = 5  # times: the simulation's second is so much shorter here, as the devices' waits are
CHANCES = 200  # simulations, each with other random numbers


def predicted(run: Run, chances: int = CHANCES) -> list[Run]:
    """Runs of as many devices, booted in the same time, whose service takes as many and is away as long."""
    assert {"first": FIRST / FASTER, "cap": CAP / FASTER} == RETRY
    return [_predicted(run, seed) for seed in range(chances)]


def _predicted(run: Run, seed: int) -> Run:
    schedule = ours(first=(0, run.booted * FASTER))
    gap = run.away[0] * FASTER, run.away[1] * FASTER
    it = simulate(run.devices, max(1, run.most // FASTER), schedule, seed=seed, gap=gap)
    seen = (it.at < gap[0]) | (it.at >= gap[1])
    return Run(
        run.devices,
        run.most,
        run.booted,
        run.away,
        registrations=(np.repeat(it.at, it.registered) / FASTER).tolist(),
        requests=(np.repeat(it.at[seen], it.requests[seen]) / FASTER).tolist(),
        attempts=[int(it.requests.sum())],
    )
