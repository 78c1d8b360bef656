"""Nothing that is printed, logged or written in the whole run may hold a secret of the tests.

Every secret of the unit tests has the word of CANARY in it; those of the system tests are given to `guard` when they
appear. Output is given to `hear`, and searched at the end, by the first process if there are several.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
CANARY = "canary"
KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/=]{20}")
OTHERS = (".git", ".venv", ".cache")  # their files are not the project's
SLOTS = ("enroll.json", "enroll.json.whole", "slot")  # the only files of a device that may hold a secret

_secrets = {CANARY}
_heard: list[tuple[str, str]] = []


def guard(secrets: Iterable[str]) -> None:
    """Search for these from now on, and in what was heard before."""
    _secrets.update(secrets)


def hear(where: str, text: str) -> None:
    """Remember `text`, which was printed or logged by the test or program `where`."""
    _heard.append((where, text))


def leaked() -> list[str]:
    """The secrets that were heard. Programs say most words again and again: each is gone through once."""
    words = "\n".join({word for _, text in _heard for word in text.split()})
    texts = [text for _, text in _heard]
    return [it for it in _secrets if any(it in text for text in ([words] if it.split() == [it] else texts))]


def in_files(folder: Path) -> list[str]:
    """The files below a device's `folder` that hold a secret but should not."""
    secrets = [secret.encode() for secret in _secrets]
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in SLOTS]
    return [str(path) for path in files if any(secret in path.read_bytes() for secret in secrets)]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    for title, text in report.sections:
        hear(f"{report.nodeid} ({title})", text)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over the output that a process of pytest-xdist has collected."""
    heard, secrets = getattr(node, "workeroutput", {}).get("leaks", ((), ()))
    _heard.extend(map(tuple, heard))
    _secrets.update(secrets)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run if a secret was heard, or if a private key lies anywhere in the project."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["leaks"] = (_heard, sorted(_secrets))
        return
    told = leaked()
    said = [where for where, text in _heard if any(secret in text for secret in told)]
    inside = [path for top in ROOT.iterdir() if top.name not in OTHERS for path in (top, *top.rglob("*"))]
    keys = [str(path) for path in inside if path.is_file() and KEY.search(path.read_bytes())]
    for leak in [*said, *keys]:
        print(f"\nA SECRET LEAKED: {leak}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    size = sum(len(text) for _, text in _heard)
    terminalreporter.write_line(f"{size} characters that were printed were searched for {len(_secrets)} secrets")
