"""The hostile server against sessions, asyncio and cancellation."""

import functools
import itertools
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from torture.faults import Batch, Bench, Result, on_micropython, steadily, together
from torture.hostile import Endless, Hostile, Move, Moves
from torture.misbehaviour import HEAD, TOKEN, Script, chunk, chunked, http, packed
from torture.stage import TIMES, Pick, Stage, fast, nth, slow, unclosed

DRIVEN = "server_driven.py"
# Bits, service, inside TLS: what goes on is the same for all but their addresses. Centagate's make no requests.
PLACES = (("etherfax", False), ("xyte", True), ("ickstream", False), ("etherfax", True))
ENDING = ("100 Continue once", "chunks with extensions", "then another answer", "then one in chunks")
WAIT = 0.02  # seconds between an answer and one that nobody has asked for
LONG = 1.5  # seconds for a request that the watchdog must be fed in
PATIENCE = 1  # seconds for a request that is cancelled before they are over
GOOD = http(packed({"token": TOKEN}))
FORGED = http(b"forged")
REFUSED = http(b"", status="401 no")


def kept() -> Iterable[Script]:
    """What only a connection sees that is kept for another request: the second one meets it."""
    closed: dict[str, Moves] = {
        "cut": [GOOD, Move.CUT],
        "an answer that nobody has asked for": [Endless(GOOD, WAIT, 1), FORGED],
        "two answers at once": [GOOD + FORGED],
        "kept though it says close": [http(b"{}", "Connection: close")],
        "a body to what has none": [http(b"", status="204 x").replace(b": 0", b": 99") + FORGED],
    }
    for name, moves in closed.items():
        yield Script(f"then {name}", "response", moves, requests=2, connections=2)
    yield Script("then another answer", "response", [GOOD, Move.AGAIN, GOOD], requests=2)
    yield Script("then one in chunks", "response", [
        chunked(chunk(b"{}"), b"0\r\n\r\n"), Move.AGAIN, chunked(chunk(b"{}"), b"0\r\n\r\n")
    ], requests=2)  # fmt: skip
    more = HEAD + b"X: y\r\n"
    broken: dict[str, tuple[str, Moves]] = {
        "silence in a header": ("network", [more]),
        "cut in a header": ("network", [more, Move.CUT]),
        "reset in a header": ("network", [more, Move.RESET]),
        "cut in the body": ("network", [http(b"{", length=9), Move.CUT]),
        "SSH": ("answer", [b"SSH-2.0-OpenSSH_9.2\r\n"]),
        "headers without end": ("answer or network", [HEAD, Endless(b"X: y\r\n" * 100)]),
        "a body without end": ("answer", [HEAD + b"\r\n", Endless(b"x" * 1000)]),
    }
    for name, (expected, moves) in broken.items():
        again: Moves = [GOOD, Move.AGAIN, *moves]
        for method in ("POST", "GET"):
            yield Script(f"then {name}, {method}", expected, again, "silence" in name, method=method, requests=2)
    # nobody knows the connection any more: a request that may be repeated goes over another one
    forgotten: Moves = [GOOD, Move.AGAIN]
    yield Script("then forgotten, GET", "response", forgotten, True, method="GET", requests=2, connections=2)
    yield Script("then forgotten, POST", "network", forgotten, True, requests=2)
    reset: Moves = [GOOD, Move.AGAIN, Move.RESET]
    yield Script("then reset, POST", "network", reset, requests=2)
    yield Script("then reset, GET", "response", reset, method="GET", requests=2, connections=2)
    yield Script(
        "not authorised any more", "refused", [REFUSED, Move.AGAIN, REFUSED], method="GET", connections=2, held=True
    )


@dataclass(frozen=True)
class Sessions(Stage):
    """The same where a session makes requests."""

    def scripts(self, elsewhere: socket.socket) -> list[Script]:
        return [*super().scripts(elsewhere), *kept()]

    def kinds(self, script: Script) -> list[str]:
        """A session returns every complete answer, and treats all incomplete ones alike."""
        wanted = set(script.kinds)
        if script.whole:
            return ["response"]
        if script.requests > 1 or script.connections > 1 or wanted in ({"network"}, {"certificate"}):
            return script.kinds
        if wanted <= {"server", "refused", "configuration"}:
            return ["response"]
        return ["response", "answer", *(wanted & {"network"}), *("network" for kind in wanted if kind == "registered")]


def driven(stage: Stage, who: str, how: str, pick: Pick, times: int = 1) -> Result:
    """Play the scripts that `pick` chooses, `times` each: see scripts/server_driven.py."""
    return stage.play(pick, times, DRIVEN, who, how)


def cancelled(stage: Stage, who: str, pick: Pick) -> Result:
    """Cancel what an enroller or a session does, at every step of the scripts that `pick` chooses."""
    stage = replace(stage, brief=PATIENCE)

    def play(chosen: list[Script]) -> Result:
        with Hostile({it.name: it.moves for it in chosen}, stage.context) as server:
            plan = str(stage.plan(server, chosen))
            result = on_micropython("server_cancelled.py", plan, who, runtime=stage.runtime, heap=stage.heap)
        result.lost += unclosed(server)
        return result

    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        return steadily(stage.chosen(pick, elsewhere), play)


def halting(number: int, script: Script) -> bool:
    """Picks what a request waits in, and some that come to an end."""
    return (script.slow and not script.uncut) or script.name in ENDING


def long(number: int, script: Script) -> bool:
    """Picks a few that last longer than the watchdog would wait."""
    return script.name in ("silence in the body", "silence after the handshake", "then silence in a header, GET")


def again(number: int, script: Script) -> bool:
    """Picks what a session's second request meets."""
    return script.requests > 1


def sliced(bench: Bench) -> Iterator[Batch]:
    """Some scripts of each kind, in each of the ways."""
    small = bench.small
    plain = Stage(bench, "etherfax", False, small)
    session = Sessions(bench, "etherfax", False, small)
    secure = Stage(bench, "xyte", True, bench.wide)
    plays = [
        functools.partial(driven, plain, "enroller", "asyncio", nth(9, 0, fast)),
        functools.partial(driven, session, "session", "asyncio", nth(9, 1, fast)),
        functools.partial(driven, session, "session", "blocking", nth(4, 2, again)),
        functools.partial(driven, replace(plain, brief=LONG), "enroller", "asyncio", long),
        functools.partial(cancelled, session, "session", nth(3, 0, halting)),
        functools.partial(cancelled, secure, "enroller", nth(7, 0, halting)),
    ]
    yield Batch("sessions and asyncio", functools.partial(together, *plays))


def batches(full: bool, bench: Bench) -> Iterator[Batch]:
    """Every script at an enroller under asyncio and at both kinds of session; many in a row; cancelled at each step."""
    if not full:
        yield from sliced(bench)
        return
    for runtime, (provider, secure) in itertools.product(bench.runtimes, PLACES):
        enroller = Stage(bench, provider, secure, runtime)
        session = Sessions(bench, provider, secure, runtime)
        ways = [("enroller", "asyncio", enroller), ("session", "asyncio", session), ("session", "blocking", session)]
        for who, how, stage in ways:
            plays = [functools.partial(driven, stage, who, how, pick) for pick in (fast, slow)]
            plays.append(functools.partial(driven, replace(stage, brief=LONG), who, how, long))
            yield Batch(f"{who}, {how}, {stage}", functools.partial(together, *plays))
        for who, stage in (("enroller", enroller), ("session", session)):
            yield Batch(f"{who}, cancelled, {stage}", functools.partial(cancelled, stage, who, halting))
        row = functools.partial(driven, session, "session", "asyncio", nth(24, 1, fast), TIMES)
        yield Batch(f"session, asyncio, {session}, {TIMES} times", row)
