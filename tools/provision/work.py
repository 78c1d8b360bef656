"""One board from its first byte to its registration."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from . import snippets
from .errors import CONFIGURATION, STORAGE, TRY_AGAIN, Failure
from .link import BYTECODE, Deadline, Facts, Link, connect
from .plan import Content, plan
from .template import Settings

PAUSE = 5.0  # seconds between two attempts to register
MAIN = "/main.py"

Hear = Callable[[str], None]


@dataclass(frozen=True)
class Options:
    """How boards are to be provided."""

    source: bool = False
    board: str | None = None
    app: Path | None = None
    deadline: float = 120.0
    old_firmware: bool = False


@dataclass
class Outcome:
    """How it went: `state` is "registered" or the kind of an error, `text` the sentence, `status` the exit status."""

    state: str
    text: str
    status: int
    device_id: str = ""
    copied: list[str] = field(default_factory=list)
    kept: int = 0
    removed: list[str] = field(default_factory=list)


def install(link: Link, contents: dict[str, Content], hear: Hear) -> Outcome:
    """Make the board's files what `contents` says, and read them back. Raises Failure."""
    names = [path for path in contents if not path.startswith("/lib/enroll/")]
    there = link.hashes("/lib/enroll", names)
    wrong = [path for path, content in contents.items() if there.get(path) not in content.right]
    stale = [path for path in there if path not in contents]
    if wrong and MAIN in there:
        link.remove([MAIN])  # what is half installed must not boot
        wrong = [*(path for path in wrong if path != MAIN), MAIN]
    link.remove(stale)
    for path in wrong:
        hear(f"copying {path}")
        link.write(path, contents[path].data)
    there = link.hashes("/lib/enroll", names)
    bad = [path for path, content in contents.items() if there.get(path) not in content.right]
    if bad:
        raise Failure(
            STORAGE, f"the board at {link.port} does not hold what was written to {bad[0]}: replace its flash"
        )
    kept = len(contents) - len(wrong)
    hear(f"{len(wrong)} files copied, {kept} were right already, {len(stale)} removed; all read back")
    return Outcome("installed", "", TRY_AGAIN, copied=wrong, kept=kept, removed=stale)


def attempt(link: Link, hear: Hear, seconds: float) -> Outcome:
    """One attempt to register, as the firmware makes it. Raises Deadline and Failure."""
    lines: list[str] = []

    def note(line: str) -> None:
        lines.append(line)
        if not line.startswith("provision: "):
            hear(line)

    link.run(snippets.BOOT, note, seconds)
    link.quiet()
    try:  # a driver may print lines of its own among them
        status = int([it for it in lines if it.startswith("provision: ")][-1].removeprefix("provision: "))
        said = [it for it in lines if it.startswith("enroll: ")][-1].removeprefix("enroll: ")
    except (IndexError, ValueError):
        raise Failure(CONFIGURATION, f"main.py of the board at {link.port} did not say how it went") from None
    if status == 0:
        return Outcome("registered", said, 0, said.rpartition(" ")[2])
    return Outcome(said.partition(":")[0], said, status)


def first_boot(link: Link, hear: Hear, seconds: float) -> Outcome:
    """Attempts until one succeeds, fails for good, or `seconds` have passed."""
    end = time.monotonic() + seconds
    outcome = Outcome("timeout", f"timeout: the board did not finish within {seconds:g} s", TRY_AGAIN)
    while True:
        try:
            link.enter()  # a fresh interpreter for each, as at a boot
            outcome = attempt(link, hear, end - time.monotonic())
        except Deadline:
            link.enter()  # the attempt goes on there
            return outcome
        if outcome.status != TRY_AGAIN or time.monotonic() + PAUSE > end:
            return outcome
        hear(f"trying again in {PAUSE:g} s")
        time.sleep(PAUSE)


def check(facts: Facts, port: str, options: Options) -> None:
    """Raise Failure where the board's MicroPython is too old, or does not take the bytecode that is there."""
    if facts.outdated and not options.old_firmware:
        what = f"the board at {port} runs MicroPython {facts.running}, which can lose an answer on {facts.platform}"
        raise Failure(CONFIGURATION, f"{what}: {facts.outdated}, or accept that with --old-firmware")
    if not options.source and facts.mpy != BYTECODE:
        raise Failure(CONFIGURATION, f"the board at {port} takes other bytecode than mpy-cross writes: use --source")


def provide(port: str, settings: Settings, options: Options, hear: Hear) -> Outcome:
    """Install and register the board at `port`, and leave it running. Raises Failure.

    No secret of `settings` is told to `hear`.
    """

    def tell(line: str) -> None:
        hear(settings.secrets.hide(line))

    with connect(port) as link:
        facts = link.facts()
        check(facts, port, options)
        tell(f"{port}: MicroPython {facts.running} on {facts.platform}, {facts.build or 'build unknown'}")
        contents = plan(settings, facts.platform, options.board or facts.board, options.source, options.app)
        installed = install(link, contents, tell)
        outcome = first_boot(link, tell, options.deadline)
        link.start()
    outcome.text = settings.secrets.hide(outcome.text)
    outcome.copied, outcome.kept, outcome.removed = installed.copied, installed.kept, installed.removed
    return outcome
