"""Runs the tests on a mutant: in a copy of this process that has pytest loaded and takes the mutant for the module.

Nothing is written where the sources are. A copy ends at the first test that fails, or when its time is up.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import resource
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import pytest

from .mutations import Mutant

ALIVE, KILLED, BROKEN = 0, 1, 2  # how a copy ends
_STAGES = (1.0, 4.0)  # seconds of the tests that are tried first, and then
_CPU = 5  # seconds that a copy may take on top of six times its tests' usual time
_WALL = 10  # factor for waiting while other programs use the processors
_MEMORY = 4 << 30
_PYTEST = (
    "-q",
    "--ignore-glob=*/test_year*.py",
    "-p",
    "no:cacheprovider",
    "-W",
    "ignore::pytest.PytestAssertRewriteWarning",
)


class Problem(Exception):
    """The tests cannot judge mutants."""


@dataclass(frozen=True)
class Suite:
    """The tests in `paths` below `root`. `names`: what they may have in brackets to be run, where they have any."""

    root: Path
    library: Path
    paths: tuple[str, ...]
    brackets: str = "cpython"

    def digest(self) -> str:
        """Changes with the library and the tests."""
        folders = (
            self.library,
            *(self.root / it for it in ("boards", "conftest.py", "host_tests/fakes")),
            *(self.root / path for path in self.paths),
        )
        paths = {path for folder in folders for path in (folder, *folder.parent.glob("*.py"), *folder.rglob("*.py"))}
        files = sorted(path for path in paths if path.is_file())
        return hashlib.sha256(b"\0".join(bytes(path) + path.read_bytes() for path in files)).hexdigest()

    def wants(self, item: pytest.Item) -> bool:
        """Whether `item` runs in this process; the others test what this tool does not change."""
        parameters = getattr(item, "callspec", None)
        return parameters is None or parameters.params.get("runtime", self.brackets) == self.brackets


@dataclass(frozen=True)
class Baseline:
    """What the tests do without a mutant: seconds of the processor that each takes; by file and line, which of them
    run it, as places in `seconds`; modules they all load.
    """

    seconds: dict[str, float]
    lines: dict[str, dict[str, list[int]]]
    loaded: list[str]

    def stages(self, mutant: Mutant) -> list[list[str]]:
        """The tests that can notice `mutant`, in the order in which they are worth trying.

        What stands in a function is noticed only by tests that run it.
        """
        of_file = self.lines.get(str(mutant.path), {})
        reach = [tests for line, tests in of_file.items() if not mutant.in_function or int(line) in mutant.lines]
        names = list(self.seconds)
        near = {names[place] for tests in reach for place in tests}
        rest = [] if mutant.in_function else [test for test in self.seconds if test not in near]
        return [stage for stage in (*self._divided(near, mutant.module.rpartition(".")[2]), rest) if stage]

    def _divided(self, tests: set[str], name: str) -> list[list[str]]:
        files: dict[str, list[str]] = {}
        for test in self.seconds:
            if test in tests:
                files.setdefault(test.partition("::")[0], []).append(test)

        def cost(file: str) -> float:
            return self.took(files[file])

        stages: list[list[str]] = [[]]
        for file in sorted(files, key=lambda it: (f"test_{name}" not in it, cost(it))):
            full = len(stages) <= len(_STAGES) and self.took(stages[-1]) + cost(file) > _STAGES[len(stages) - 1]
            if full and stages[-1]:
                stages.append([])
            stages[-1] += files[file]
        return stages

    def took(self, tests: list[str]) -> float:
        """Seconds for `tests`, with what it takes to load them."""
        return sum(self.seconds[it] for it in tests) + 0.2 * len({it.partition("::")[0] for it in tests})


def measured(copies: Copies, suite: Suite, cache: Path) -> Baseline:
    """What `suite` does without a mutant, from the file `cache` where nothing has changed since.

    From then on every copy has the modules that all tests load. Raises Problem.
    """
    digest = suite.digest()
    baseline = None
    if cache.exists():
        found = json.loads(cache.read_text())
        baseline = Baseline(**found["baseline"]) if found["digest"] == digest else None
    if not baseline:
        baseline = copies.measure()
        cache.parent.mkdir(exist_ok=True)
        cache.write_text(json.dumps({"digest": digest, "baseline": asdict(baseline)}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in baseline.loaded:
            importlib.import_module(name)
    return baseline


class _Measure:
    """Plugin of pytest: which lines of the library each test runs, and how long it takes."""

    def __init__(self, suite: Suite) -> None:
        import coverage

        self._suite = suite
        self._coverage = coverage.Coverage(data_file=None, config_file=False, include=[f"{suite.library}/*"])
        self._coverage.start()
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []
        self._began = 0.0

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if self._suite.wants(item)]

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._coverage.switch_context(nodeid)
        self._began = time.process_time()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.seconds[nodeid] = time.process_time() - self._began

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    def lines(self) -> dict[str, dict[int, list[int]]]:
        self._coverage.stop()
        data = self._coverage.get_data()
        places = {test: place for place, test in enumerate(self.seconds)}
        return {
            path: {line: [places[it] for it in tests if it in places] for line, tests in lines.items()}
            for path, lines in ((path, data.contexts_by_lineno(path)) for path in data.measured_files())
        }


class _Watch:
    """Plugin of pytest: runs `tests` alone, and ends the process at the first that fails."""

    def __init__(self, tests: list[str], answer: Path) -> None:
        self._tests, self._answer = set(tests), answer

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.nodeid in self._tests]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._answer.write_text(report.nodeid)
            os._exit(KILLED)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            os._exit(ALIVE)
        self._answer.write_text("tests that do not load")
        os._exit(BROKEN if exitstatus == pytest.ExitCode.USAGE_ERROR else KILLED)


class Copies:
    """Copies of this process, each with a mutant or none, whose files are in `folder`."""

    def __init__(self, suite: Suite, folder: Path) -> None:
        self._suite, self._folder = suite, folder
        self._count = 0
        self._running: dict[int, tuple[float, Path, Any]] = {}

    def __len__(self) -> int:
        return len(self._running)

    def start(self, about: Any, tests: list[str], took: float, mutant: Mutant | None = None) -> None:
        """Run `tests`, which took so many seconds, on `mutant`. `finished` yields the outcome, with `about`."""
        self._fork(about, lambda answer: self._try(tests, answer, mutant), _CPU + 6 * took)

    def finished(self) -> Iterator[tuple[Any, int, str]]:
        """(about, how it ended, the test that failed) of each copy that has ended; waits for one."""
        before = len(self._running)
        while self._running and len(self._running) == before:
            for pid, (deadline, answer, about) in list(self._running.items()):
                ended, status = os.waitpid(pid, os.WNOHANG)
                if not ended and time.monotonic() < deadline:
                    continue
                if not ended:
                    os.killpg(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                del self._running[pid]
                code = os.waitstatus_to_exitcode(status) if ended else -signal.SIGKILL
                yield about, KILLED if code < 0 else code, answer.read_text() if answer.exists() else "time is up"
            time.sleep(0.01)

    def end(self) -> None:
        """End those that run."""
        for pid in self._running:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self._running.clear()

    def measure(self) -> Baseline:
        """Run all tests once without a mutant. Raises Problem where one of them fails."""
        self._fork(None, self._measure, 900)
        for _, code, answer in self.finished():
            if code != ALIVE:
                raise Problem(f"The tests fail without a mutant: correct them first.\n{answer}")
            measured = Baseline(**json.loads(answer))
        return measured

    def _fork(self, about: Any, work: Callable[[Path], None], seconds: float) -> None:
        self._count += 1
        answer = self._folder / f"{self._count}.answer"
        pid = os.fork()
        if pid:
            os.setpgid(pid, pid)
            self._running[pid] = (time.monotonic() + _WALL * seconds, answer, about)
            return
        try:
            os.setpgid(0, 0)
            self._prepare(int(seconds))
            work(answer)
        except BaseException:
            answer.write_text(traceback.format_exc())
        finally:
            os._exit(BROKEN)

    def _prepare(self, seconds: int) -> None:
        log = os.open(self._folder / f"{self._count}.log", os.O_WRONLY | os.O_CREAT)
        os.dup2(log, 1)
        os.dup2(log, 2)
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        os.chdir(self._suite.root)

    def _try(self, tests: list[str], answer: Path, mutant: Mutant | None) -> None:
        if mutant:
            _replace(mutant)
        files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
        pytest.main([*_PYTEST, *files], plugins=[_Watch(tests, answer)])

    def _measure(self, answer: Path) -> None:
        plugin = _Measure(self._suite)
        status = pytest.main([*_PYTEST, "--timeout=0", *self._suite.paths], plugins=[plugin])
        if status != pytest.ExitCode.OK:
            answer.write_text("\n".join(plugin.failed) or f"pytest ended with {status!r}")
            os._exit(BROKEN)
        inside = [str(self._suite.root / it) for it in (".venv", ".cache")]
        loaded = []
        for name, module in list(sys.modules.items()):
            path = str(getattr(module, "__file__", None) or "")
            ours = path.startswith(str(self._suite.root)) and not path.startswith(tuple(inside))
            if path and not ours and name != "__main__" and getattr(module, "__spec__", None):
                loaded.append(name)
        found = {"seconds": plugin.seconds, "lines": plugin.lines(), "loaded": loaded}
        answer.write_text(json.dumps(found))
        os._exit(ALIVE)


def _replace(mutant: Mutant) -> None:
    """Take `mutant` for the module at its path, however often that is imported."""
    original = SourceFileLoader.get_code
    code = compile(mutant.code, str(mutant.path), "exec", dont_inherit=True)

    def get_code(self: SourceFileLoader, fullname: str) -> Any:
        return code if Path(self.path) == mutant.path else original(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign, assignment]
