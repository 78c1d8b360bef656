"""Hostile servers: refusing, resetting, silent, slow, endless, lying; over TCP and inside TLS, for every provider."""

import functools
import socket
from collections.abc import Iterable, Iterator

from torture import sessions
from torture.faults import Batch, Bench, together
from torture.misbehaviour import SECTIONS
from torture.misinformation import of_one_service
from torture.stage import SETTLED, TIMES, Pick, Stage, every, fast, nth, slow

TITLE = "hostile server"


def slow_ones(stage: Stage) -> list[Pick]:
    """A Pick for each slow script."""
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        names = [it.name for it in stage.scripts(elsewhere) if it.slow]
    return [lambda number, script, name=name: script.name == name for name in names]  # type: ignore[misc]


def special(stage: Stage, step: int) -> Pick:
    """Picks what only this service has, deep JSON, and every `step`-th of the others."""
    own = {it.name for it in of_one_service(stage.provider, stage.secure)}
    return lambda number, script: (
        fast(number, script) and (script.name in own or "levels" in script.name or number % step == 0)
    )


def sliced(bench: Bench) -> Iterator[Batch]:
    """Every script over TCP at one provider, some of them inside TLS, at the others, and in a row."""
    first = Stage(bench, "etherfax", False, bench.wide, heap="160k")
    plays = [functools.partial(first.play, pick) for pick in (fast, slow)]
    plays.append(functools.partial(first.attempts, nth(60, 0, fast), 3 * SETTLED))
    large = Stage(bench, "etherfax", False, bench.wide)  # a collection takes longest in a large heap
    plays.append(functools.partial(large.play, lambda number, script: "each in a packet" in script.name))
    yield Batch(str(first), functools.partial(together, *plays))
    for provider in SECTIONS:
        if provider != first.provider:
            plain = Stage(bench, provider, False, bench.small, heap="160k")
            yield Batch(str(plain), functools.partial(plain.play, special(plain, 40)))
        secure = Stage(bench, provider, True, bench.wide, heap="160k")
        yield Batch(str(secure), functools.partial(secure.play, nth(40, 1, fast)))


def batches(full: bool, bench: Bench) -> Iterable[Batch]:
    """Every script for every provider, over TCP and inside TLS, on each runtime; then many attempts in a row."""
    yield from sessions.batches(full, bench)
    if not full:
        yield from sliced(bench)
        return
    for runtime in bench.runtimes:
        stages = [Stage(bench, provider, secure, runtime) for secure in (False, True) for provider in SECTIONS]
        for number, stage in enumerate(stages):
            yield Batch(str(stage), functools.partial(stage.play, every))
            pick = nth(len(stages), number)
            yield Batch(f"{stage}, processes", functools.partial(stage.processes, pick))
        yield Batch(f"a byte a second, {runtime}", functools.partial(together, *(it.crawl for it in stages)))
        for stage, pick in ((stages[0], fast), (stages[4], nth(28, 0, fast))):
            yield Batch(f"{stage}, {TIMES} times", functools.partial(stage.attempts, pick))
        silent = Stage(bench, "etherfax", False, runtime)
        plays = [functools.partial(silent.attempts, pick) for pick in slow_ones(silent)]
        yield Batch(f"{silent}, {TIMES} times, slow", functools.partial(together, *plays))
