"""The tests of unit, scenarios and ports, unchanged, on the emulated board."""

from __future__ import annotations

import ast
import json
import time
from collections.abc import Iterator
from pathlib import Path

from .machine import Machine
from .result import Result
from .toolchain import ROOT

TESTS = ROOT / "host_tests"
ROOMS = ("unit", "scenarios", "ports")
FOLDERS = tuple(f"host_tests/{name}" for name in ("fakes", *ROOMS))  # what a board needs
STORE = TESTS / "unit" / "test_micropython_littlefs.py"
MARK = "@result "  # before what run.py prints for a test
LEFT_OUT = {  # files and tests that cannot run there
    "test_year.py": "counts Unix seconds where this board's clock counts from 2000, and its year takes minutes",
    "test_year_xyte.py": "the same",
    "test_an_endless_head_is_cut": "wants 122 KiB in one piece for what the server sends",
    "test_an_endless_body_is_cut": "wants 98 KiB in one piece for what the server sends",
    "test_endless_trailers_are_cut": "wants 64 KiB in one piece for what the server sends",
    "test_long_and_empty_records": "wants 59 KiB in one piece for a record",
    "test_a_record_that_would_be_too_long_to_be_read_back_costs_nothing": "wants 68 KiB in one piece for a record",
    "test_a_hundred_children_fit_in_seven_records": "keeps every request of a hundred children beside the library",
    "test_one_that_was_taken_out_makes_room_only_where_all_is_full": "the same",
    "test_children_that_have_no_room_are_named_before_the_first_is_registered": "the same",
    "test_long_keys_fit_or_are_said_not_to_and_cost_no_other_child": "the same",
    "test_telemetry_of_many_children_goes_in_batches_of_a_hundred": "keeps what 452 children say beside the library",
    "test_a_provider_that_is_not_there_gives_those_that_are": "lists a folder, where the library is frozen here",
    "test_the_version_is_the_packages": "reads a file of the repository, which is not on the board",
    "test_a_factory_reset_erases_the_children_too": "holds the content of every file of the store at once",
}


def names(file: Path) -> list[str]:
    """The tests of `file` that can run here."""
    found = [it.name for it in ast.parse(file.read_text()).body if isinstance(it, ast.FunctionDef)]
    return [name for name in found if name.startswith("test_") and name not in LEFT_OUT]


def run(machine: Machine, file: Path) -> Result:
    """All tests of `file` that can run here, in one call of mpremote."""
    wanted = names(file)
    arguments = [str(file.relative_to(TESTS)), *wanted]
    start = time.monotonic()
    status, output = machine.mpremote("exec", f"import target; target.test(*{arguments!r})")
    seen = dict(json.loads(line.removeprefix(MARK)) for line in output.splitlines() if line.startswith(MARK))
    failures = [f"{file.name} {name}: {text.strip()}" for name, text in seen.items() if text]
    if status or len(seen) < len(wanted):
        failures.append(f"{file.name} ended with status {status}: {output[-1000:]}")
    return Result(len(wanted), sum(not text for text in seen.values()), time.monotonic() - start, failures)


def files() -> Iterator[Path]:
    """The files that can run here, but the store's own."""
    for file in sorted(path for room in ROOMS for path in (TESTS / room).glob("test_*.py")):
        if file.name not in LEFT_OUT and file != STORE:
            yield file
