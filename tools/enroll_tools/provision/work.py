"""One board from its first byte to its registration."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from . import look
from .backoff import Gate, opens, pause
from .boot import BOOT
from .errors import CONFIGURATION, SENTENCE, STORAGE, TRY_AGAIN, Failure
from .facts import Facts
from .failures import nonsense
from .install import Hear, Installed, install, installed_files
from .library import reset_words, statuses
from .link import BYTECODE, Link, connect, ignore
from .plan import library_plan, plan
from .raw import HELD, Deadline
from .registration import KEPT, RAW, TRIED, Registration, Seen, protect, read
from .template import Settings
from .untrusted import clean

REGISTERING = "registering"  # the stage that may not be interrupted
UNASKED = "the service was not asked: its next request, in 'enroll-provision logs --restart', shows what it says"
LATE = "timeout"  # the state of an outcome that did not come before the deadline


@dataclass(frozen=True)
class Options:
    """How boards are to be provided."""

    source: bool = False
    board: str | None = None
    app: Path | None = None
    deadline: float = 120.0
    old_firmware: bool = False
    library_only: bool = False
    replace: frozenset[str] = frozenset()  # names of registrations that may be given up
    expected: str = ""  # id of the board that must be there
    gate: Gate = field(default_factory=Gate)  # shut while the service wants not to be asked
    stage: Hear = ignore  # told how far it is: found, copying, registering (which an exception keeps from beginning)


@dataclass
class Outcome:
    """How it went: `state` is "registered" or the kind of an error, `text` the sentence, `status` the exit status."""

    state: str
    text: str
    status: int
    device_id: str = ""
    retry_after: int = 0  # seconds until the service wants to be asked again
    provider: str = ""  # this, `url` and `identity` as the board itself says
    url: str = ""
    identity: str = ""
    since: str = ""
    board: str = ""  # its id
    copied: list[str] = field(default_factory=list)
    kept: int = 0
    removed: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)  # files that are not ours, as they are called now


def attempt(link: Link, settings: Settings, hear: Hear, seconds: float) -> Outcome:
    """One attempt to register, as the firmware makes it. Raises Deadline and Failure."""

    def heard(line: str) -> None:
        if HELD not in line:  # is for those who come in the middle
            hear(line)

    link.quiet(sure=True)  # one that bites in the middle of a request would leave its outcome open
    status, text, provider, device_id, retry_after = link.call(BOOT, seconds=seconds, hear=heard)
    link.quiet()
    kind = next((it for it in statuses() if text.startswith(it + ": ")), "")
    if status == 0 and provider == settings.provider and device_id:
        return Outcome("registered", clean(f"registered {provider} {device_id}"), 0, device_id)
    if status == 0 or statuses().get(kind) != status:
        raise nonsense(link.port)
    return Outcome(kind, clean(text), status, retry_after=max(0, retry_after))


def first_boot(link: Link, settings: Settings, options: Options, hear: Hear, board: str) -> Outcome:
    """Attempts until one succeeds, fails for good, or the deadline is near. Between two of them it waits as the device
    would, and as long as the service wants. `board`: its id."""
    end = time.monotonic() + options.deadline
    fact = f"timeout: the board did not finish within {options.deadline:g} s"
    outcome = Outcome(LATE, f"{fact}: run this again, or give it more with --deadline", TRY_AGAIN)
    wait, failures = 0.0, 0
    while True:
        held = options.gate.left(link.port, board)
        wait = max(wait, held)
        if (failures and time.monotonic() + wait > end) or held > options.deadline:
            return postponed(outcome, held)
        if wait:
            hear(f"trying again in {wait:.1f} s")
            time.sleep(wait)
        try:
            link.enter()  # a fresh interpreter for each, as at a boot
            outcome = attempt(link, settings, hear, end - time.monotonic())
        except Deadline:
            link.enter()  # the attempt goes on there
            return outcome
        failures += 1
        wait = pause(settings, failures, outcome.retry_after)
        if outcome.retry_after:
            options.gate.shut(wait, link.port, board)
        if outcome.status != TRY_AGAIN:
            return postponed(outcome, options.gate.left(link.port, board)) if outcome.status else outcome


def postponed(outcome: Outcome, held: float) -> Outcome:
    """`outcome` where there is no time for another attempt, and what to do then; `held`: seconds that the service wants
    not to be asked."""
    outcome.retry_after = int(held)
    if outcome.retry_after:
        fact = "server: the service asks to wait" if outcome.state == LATE else outcome.text
        outcome.state = "server" if outcome.state == LATE else outcome.state
        outcome.text = f"{fact}; run this again after {opens(held)}, the board is stopped"
    return outcome


def check(facts: Facts, port: str, options: Options) -> None:
    """Raise Failure where the board's MicroPython is too old, or does not take the bytecode that is there."""
    if facts.outdated and not options.old_firmware:
        what = f"the board at {port} runs MicroPython {facts.running}, which can lose an answer on {facts.platform}"
        raise Failure(CONFIGURATION, f"{what}: {facts.outdated}, or accept that with --old-firmware")
    if not options.source and facts.mpy != BYTECODE:
        raise Failure(CONFIGURATION, f"the board at {port} takes other bytecode than mpy-cross writes: use --source")


def provide(port: str, settings: Settings, options: Options, hear: Hear) -> Outcome:
    """Install and register the board at `port`, and leave it running. Raises Failure.

    No secret of `settings` is told to `hear`, nor said in a Failure.
    """
    hide = settings.secrets.hide
    try:
        outcome = _provide(port, settings, options, lambda line: hear(hide(line)))
    except Failure as error:
        raise Failure(error.exit_code, hide(error.message, SENTENCE)) from None
    return Outcome(**settings.secrets.hidden(asdict(outcome)))


def _provide(port: str, settings: Settings, options: Options, hear: Hear) -> Outcome:
    with connect(port, hear=hear) as link, look.going_on(link):
        facts = link.facts()
        check(facts, port, options)
        options.stage("found")
        hear(f"{port}: MicroPython {facts.running} on {facts.platform}, {facts.build or 'build unknown'}")
        board = options.board or facts.board
        seen = read(link)
        if options.expected not in ("", seen.board):
            sentence = f"{port} holds another board by now, {seen.board or 'one without an id'}: run this again"
            raise Failure(TRY_AGAIN, sentence)
        options.stage("copying")
        if options.library_only:
            contents = library_plan(options.source, board, installed_files(link))
            done = install(link, contents, hear)
            link.enter()  # what is loaded is the old library
            look.let_go(link)
            return describe(Outcome("installed", "the library is there, nothing else was touched", 0), seen, done)
        contents = plan(settings, facts.platform, board, options.source, options.app)
        try:
            give_up = protect(seen, settings, options.replace)
        except Failure:
            link.start()  # it goes on as what it is
            raise
        before = seen.registration
        done = install(link, contents, hear, before if give_up else None)
        options.stage(REGISTERING)
        outcome = first_boot(link, settings, options, hear, seen.board)
        seen = confirm(link, settings, outcome)
        outcome = _open(_late(outcome, seen, settings), seen, settings)
        if not outcome.retry_after:  # else its boot would ask at once
            link.start()
    return describe(_with_history(outcome, before, give_up), seen, done)


def _with_history(outcome: Outcome, before: Registration | None, give_up: bool) -> Outcome:
    """`outcome`, and what became of the registration that was on the board `before`."""
    if before and give_up:
        outcome.text += f"; {before.given_up}"
    elif before and before.state == KEPT and not outcome.status:
        since = f", since {before.since}" if before.since else ""
        outcome.text += f" (it was registered before{since}; {UNASKED})"
    return outcome


def confirm(link: Link, settings: Settings, outcome: Outcome) -> Seen:
    """What the board says once `outcome` has come. Raises Failure where that says "registered" and the board's flash
    does not."""
    link.enter()  # the heap of the attempt is given back
    seen = read(link)
    there = seen.registration
    # a worn slot may leave the answer unread, which names no device yet
    ids = {KEPT: (outcome.device_id,), RAW: ("",)}
    good = there and there.fits(settings) and there.device_id in ids.get(there.state, ())
    if outcome.state == "registered" and not good:
        sentence = f"the board at {link.port} says that it is registered, but holds no such record: replace its flash"
        raise Failure(STORAGE, sentence)
    return seen


def _late(outcome: Outcome, seen: Seen, settings: Settings) -> Outcome:
    """`outcome`, or the success of an attempt that had not ended at the deadline and was let end."""
    there = seen.registration
    if outcome.state != LATE or not there or there.state != KEPT or not there.fits(settings):
        return outcome
    return Outcome("registered", f"registered {there.provider} {there.device_id}", 0, there.device_id)


def _open(outcome: Outcome, seen: Seen, settings: Settings) -> Outcome:
    """`outcome`, and what to do where the board says that the service may have registered it, and does so only once."""
    there = seen.registration
    settled = outcome.state in ("registered", "refused", "orphaned")  # the last one says it in its own words
    if settled or not there or there.state != TRIED or not there.fits(settings) or not there.once:
        return outcome
    words = reset_words(there.provider)
    outcome.text += f"; it may be registered: check the service, {words} if it is, then run this again"
    return outcome


def describe(outcome: Outcome, seen: Seen, installed: Installed) -> Outcome:
    """`outcome` with what the board said of itself, and what was installed."""
    outcome.board = seen.board
    if seen.registration:
        there = seen.registration
        outcome.provider, outcome.url, outcome.identity = there.provider, there.url, there.device
        outcome.since = there.since
    outcome.copied, outcome.kept = installed.copied, installed.kept
    outcome.removed, outcome.moved = installed.removed, installed.moved
    moved = [f"a file that is not enroll's is now {name}" for name in installed.moved]
    outcome.text = "; ".join([outcome.text, *moved])
    return outcome
