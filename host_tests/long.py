"""`@pytest.mark.long` leaves a test out unless RUNTIMES says what to run on; `long("chip")` on the runtime chip alone.

It is for scenarios of which a shorter test, or another runtime, shows the same: `make test` has to end within minutes.
"""

import os
from typing import Any

import pytest

_left_out = 0


def asked() -> bool:
    """Whether RUNTIMES is set: then nothing is left out."""
    return bool(os.environ.get("RUNTIMES"))


def is_long(item: pytest.Item) -> bool:
    """Whether `item` is marked, for the runtime that it runs on."""
    runtime = item.callspec.params.get("runtime") if hasattr(item, "callspec") else None
    return any(not mark.args or runtime in mark.args for mark in item.iter_markers("long"))


@pytest.hookimpl(trylast=True)  # once -k and -m have chosen
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    global _left_out
    if asked():
        return
    left_out = [item for item in items if is_long(item)]
    _left_out = len(left_out)
    if left_out:
        items[:] = [item for item in items if not is_long(item)]
        config.hook.pytest_deselected(items=left_out)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process of pytest-xdist tells the first one, which collects nothing itself."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = _left_out


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Each process has left out the same."""
    global _left_out
    _left_out = max(_left_out, getattr(node, "workeroutput", {}).get("left_out", 0))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _left_out:
        terminalreporter.write_line(f"{_left_out} long tests were left out: RUNTIMES=all runs them too")
