"""The targets of scripts/fuzz_targets.py on CPython: `python -m torture.fuzz_cpython FOLDER TARGET HOW FIRST COUNT`.

HOW is "seeds", as MicroPython tries them; "properties", where hypothesis makes the inputs; or "coverage", where atheris
does, guided by the lines that are reached. Prints what faults.py reads.
"""

import json
import runpy
import sys
import types
from collections.abc import Iterator
from functools import partial
from typing import Any

import cpython
import hypothesis
from hypothesis import strategies as st

from torture.faults import SCRIPTS

# No half characters, which CPython cannot encode, and no digits but ASCII's, which MicroPython takes for none.
LATIN = st.text(st.characters(max_codepoint=0x24F, exclude_categories=("No",)), max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | LATIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(LATIN, inner, max_size=3),
    max_leaves=8,
)
NAMES = ("DeviceToken", "id", "access_key", "hub_url", "jsonrpc", "result", "error", "code", "object", "accessToken")
REPLIES = st.dictionaries(st.sampled_from(NAMES), JSON | st.dictionaries(st.sampled_from(NAMES), JSON), max_size=6)
BODIES = st.binary(max_size=60) | (REPLIES | JSON).map(lambda reply: json.dumps(reply).encode())
LINES = st.sampled_from(("Content-Length: 5", "Transfer-Encoding: chunked", "Retry-After: 5", "Retry-After: 1e5", "A:"))
WIRES = st.builds(
    lambda status, lines, body: (
        _encoded(f"HTTP/1.1 {status} X\r\n{''.join(line + chr(10) for line in lines)}\r\n") + body
    ),
    st.integers(0, 1000),
    st.lists(LINES | LATIN, max_size=4),
    BODIES,
)
RECORDS = st.tuples(st.integers(0, 255), st.binary(max_size=30), BODIES)


def strategies(targets: Any) -> dict[str, st.SearchStrategy]:
    """What hypothesis makes, for the targets that host_tests/test_properties.py does not have."""
    slots = st.tuples(RECORDS, RECORDS).map(lambda two: targets.slot(*two[0]) + targets.slot(*two[1]))
    return {"answer": BODIES, "attempt": WIRES, "slots": slots, "text": LATIN.map(_encoded)}


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def properties(targets: Any, name: str, count: int) -> int:
    """Let hypothesis look for an input that breaks the target; it ends with the first."""
    tried = 0

    @hypothesis.settings(
        max_examples=count, derandomize=True, database=None, deadline=None, suppress_health_check=hypothesis.HealthCheck
    )
    @hypothesis.given(strategies(targets)[name])
    def holds(data: bytes) -> None:
        nonlocal tried
        tried += 1
        targets.give(name, data)

    try:
        holds()
    except Exception as error:
        print(f"@lost {type(error).__name__}: {error} {' '.join(getattr(error, '__notes__', []))[:200]!r}")
    return tried


def functions(package: str) -> Iterator[types.FunctionType]:
    """All functions and methods of the modules of `package` that are imported."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == package:
            for thing in list(vars(module).values()):
                for one in vars(thing).values() if isinstance(thing, type) else (thing,):
                    if isinstance(one, types.FunctionType) and one.__module__ == name:
                        yield one


def coverage(targets: Any, name: str, first: int, count: int) -> None:
    """Let atheris look for one; it ends the process at the first."""
    import atheris

    for provider in targets.SECTIONS:
        targets.config(provider)  # imports it
    for function in functions("enroll"):
        atheris.instrument_func(function)
    print(f"@cases {count}", flush=True)
    atheris.Setup(
        [sys.argv[0], f"-runs={count}", f"-seed={first}", "-verbosity=0", "-max_len=2048"], partial(targets.give, name)
    )
    atheris.Fuzz()


def main(name: str, how: str, first: int, count: int) -> None:
    cpython.install()
    sys.path.insert(0, str(SCRIPTS))
    if how == "seeds":
        sys.argv[1:] = [sys.argv[1], str(first), name, str(count)]
        runpy.run_module("fuzz", run_name="__main__")
        return
    import fuzz_targets as targets

    if how == "properties":
        print(f"@cases {properties(targets, name, count)}")
    else:
        coverage(targets, name, first, count)


if __name__ == "__main__":
    main(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
