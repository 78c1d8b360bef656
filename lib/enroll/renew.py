"""A device whose credential has expired, or is not known to the service any more, gets another one.

The old one stays in the journal until the new one is there.
"""

from time import ticks_diff, ticks_ms

from .calendar import now as unix
from .enroller import Enroller
from .errors import EnrollError
from .providers import Answer
from .tasks import pause

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

_EARLY = const(60)  # seconds before its end at which a credential is replaced
_APART = const(5000)  # ms between two 401s that are believed
_LONGEST = const(180000)  # seconds of a hold; a longer one is that of a clock that was set back


def _denied(response) -> bool:
    """Whether the service says 401: not a page that a proxy or a portal of the network has sent in its place."""
    return response.status_code == 401 and not Answer(401, response.content).page()


def _held(session) -> bool:
    """Whether it is too early for another attempt."""
    return 0 < session.hold - unix() <= _LONGEST


def after_401(session, send, response, repeat: bool):
    """Task: what to do after `response`, a 401, to the request that the task `send()` sends again. Returns the
    Response that the caller gets. `repeat`: whether the request may be sent again.

    A credential that can be refreshed is. Two 401s, five seconds apart, make the device register again.
    """
    now = ticks_ms()
    if _denied(response) and not _held(session):
        response = yield from _get_another(session, send, response, repeat, now)
    if not _denied(response):
        session.refused = None
    return response


def _get_another(session, send, response, repeat: bool, now):
    """Task: the same for a service that says so. `now`: in ticks, when it did."""
    if hasattr(session.config.service, "refresh"):
        yield from _refresh(session, "not authorised: refreshing the credential")
        if repeat:
            response = yield from send()
        if not repeat or not _denied(response):
            return response
    if session.refused is None:
        session.refused = now
    if 0 <= ticks_diff(now, session.refused) < _APART:  # negative: a week ago
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
        yield from _refresh(session, "")


def _refresh(session, reason: str):
    """Task: replace the credential by what the provider does without a person. Where the service refuses that, the
    device registers again.
    """
    old = session.credential
    try:
        yield from _attempt(session, lambda config, now: config.service.refresh(config, old, now), reason)
    except EnrollError as error:
        if error.kind not in ("refused", "orphaned"):
            raise
        yield from renew(session)


def renew(session):
    """Task: register the device again."""
    return _attempt(session, session.config.service.register, "not authorised: registering again")


def _attempt(session, steps, reason):
    """Task: give `session` the Credential that `steps` bring, in one attempt. `reason`: for the log, where the old one
    should still have been good. The time of that is kept with the new one: a service which refuses what it has just
    given must not wear out flash.

    Raises EnrollError for what came of the attempt; when the next one may be made is left in `session.hold`.
    """
    session.close()
    old = session.credential

    def guarded(config, now):
        enroller.renewed = old.renewed
        if reason:
            if 0 <= now - old.renewed < config.renew:  # a clock that was ahead once is no reason
                raise EnrollError("refused", "not authorised, soon after registering")
            enroller.renewed = now
        return steps(config, now)

    enroller = Enroller(session.config, session.port, None, session.log, old, session)
    enroller.failures = session.failures
    enroller.steps = guarded
    if reason:
        enroller.warn(reason)
    wait = session.config.cap
    try:
        action = yield from enroller.attempt()
        if action.credential:
            enroller.failures = 0
            session.credential = action.credential
            return
        wait, error = action.at, action.error
    except EnrollError as failure:
        error = failure
    finally:
        enroller.close()
        session.failures = enroller.failures
    session.hold = unix() + int(wait)
    raise error
