"""A device whose credential the service no longer knows registers again."""

from .calendar import now as unix
from .enroller import Enroller
from .errors import EnrollError


def renew(session):
    """Task: register the device of `session`, a Session, again, in one attempt, and return its new Credential.

    The old one stays in the journal until the new one is there. When that was is kept with it, so that a service which
    refuses what it has just given does not wear out flash. Raises EnrollError for what came of the attempt; when the
    next one may be made is left in `session.hold`.
    """
    enroller = Enroller(session.config, session.port, None, session.log, session.credential, session)
    enroller.failures = session.failures
    enroller.warn("not authorised: registering again")
    pause = session.config.cap
    try:
        action = yield from enroller.attempt()
        if action.credential:
            enroller.failures = 0
            return action.credential
        pause, error = action.at, action.error
    except EnrollError as failure:
        error = failure
    finally:
        enroller.close()
        session.failures = enroller.failures
    session.hold = unix() + int(pause)
    raise error
