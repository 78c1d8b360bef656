"""Replaces a credential that has expired, or that the service no longer accepts.

The old one stays in the journal until the new one is on flash.
"""

from time import ticks_diff, ticks_ms

from .calendar import now as unix
from .enroller import Enroller
from .errors import EnrollError
from .providers import Answer
from .tasks import pause

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

_EARLY = const(60)  # seconds before it expires at which a credential is replaced
_APART = const(5000)  # ms that two 401s must be apart to be believed
_PATIENCE = const(900)  # seconds that one attempt waits for the service to decide: an application waits for it
_LONGEST = const(180000)  # seconds of the longest hold; if it seems longer, the clock was set back


def _denied(response) -> bool:
    """Whether the service itself answered 401, not a proxy or a captive portal with a web page."""
    return response.status_code == 401 and not Answer(401, response.content).page()


def _held(session) -> bool:
    """Whether it is too early for another attempt to replace the credential."""
    return 0 < session.hold - unix() <= _LONGEST


def after_401(session, send, response, repeat: bool):
    """Task: handle `response`, a 401, and return the Response for the caller.

    `send()`: a task that sends the same request again. `repeat`: whether that may be done at once. If the provider can
    refresh the credential, that is tried first. After two 401s, five seconds apart, the device registers again.
    """
    now = ticks_ms()
    if _denied(response) and not _held(session):
        response = yield from _get_another(session, send, response, repeat, now)
    if not _denied(response):
        session.refused = None
    return response


def _get_another(session, send, response, repeat: bool, now):
    """Task: the same for a 401 of the service itself. `now`: ticks of milliseconds when it came."""
    config = session.config
    if config.section.get("refresh", hasattr(config.service, "refresh")):
        yield from _refresh(session, config.cap)
        if repeat:
            response = yield from send()
        if not repeat or not _denied(response):
            return response
    if session.refused is None:
        session.refused = now
    if 0 <= ticks_diff(now, session.refused) < _APART:  # negative: so long ago that the ticks wrapped
        if not repeat:
            return response
        yield from pause(_APART / 1000)
        response = yield from send()
    if _denied(response):
        yield from renew(session)
        session.refused = None
        if repeat:
            response = yield from send()
    return response


def expired(session):
    """Task: refresh the credential of `session` if it has expired."""
    if session.config.service.expires(session.credential) - unix() <= _EARLY and not _held(session):
        yield from _refresh(session, 0)


def _refresh(session, least: float):
    """Task: replace the credential with the provider's `refresh`. If the service refuses that, register again. `least`:
    see `_attempt`.
    """

    def steps(config, now):
        return config.service.refresh(config, session.credential, now)

    try:
        yield from _attempt(session, steps, least, "refreshing")
    except EnrollError as error:
        if error.kind not in ("refused", "orphaned"):
            raise
        yield from renew(session)


def renew(session):
    """Task: register the device again and give `session` the new credential. The first attempt to replace a credential
    drops the fields of a Keep that were only for the last registration. Raises EnrollError.
    """

    def steps(config, now):
        if getattr(session, "dropped", None) is not session.credential:
            from .steps import kept

            kept(config, {name: value for name, value in kept(config).items() if name[:1] != "_"})
            session.dropped = session.credential  # later attempts go on where this one ends
        return config.service.register(config, now)

    return _attempt(session, steps, session.config.renew, "registering again")


def _attempt(session, steps, least, reason):
    """Task: give `session` the Credential that `steps` brings, in one attempt.

    `steps`: a generator function such as a provider's `register`. `least`: for a credential that was refused but should
    still be valid, the seconds that must have passed since the last such one: a service that refuses what it has just
    given must not wear out flash. The new credential keeps the time. 0 for one that has expired. `reason`: for the log.

    Raises EnrollError if the attempt fails, and sets `session.hold` to the time of the next one.
    """
    session.close()
    old = session.credential

    def guarded(config, now):
        enroller.renewed = old.renewed
        if least:
            if 0 <= now - old.renewed < least:  # negative: the clock was ahead then
                raise EnrollError("refused", "not authorised soon after registering")
            enroller.warn("not authorised: " + reason)
            enroller.renewed = now
        return steps(config, now)

    enroller: Any = Enroller(session.config, session.port, None, session.log, old, session)
    enroller.failures = session.failures
    if not hasattr(enroller, "patience"):
        enroller.patience = _PATIENCE
    enroller.steps = guarded
    wait = session.config.cap
    try:
        action = yield from enroller.attempt()
        if action.credential:
            enroller.failures = 0
            session.credential = action.credential
            return
        wait = action.at
        raise action.error
    except EnrollError:
        session.hold = unix() + int(wait)
        raise
    finally:
        enroller.close()
        session.failures = enroller.failures
