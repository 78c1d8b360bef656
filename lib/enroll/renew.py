"""A device whose credential the service no longer knows registers anew."""

import json

from .dates import now as unix
from .enroller import Enroller
from .errors import EnrollError
from .record import KEPT


class _Renewal(Enroller):
    """An Enroller that does not take the credential `old` for an answer.

    When it did so stands beside the credential, so that a service which refuses what it has just given does not wear
    out flash.
    """

    def __init__(self, session) -> None:
        self._session = session
        super().__init__(session.config, session.port, None, session.log)
        self._old = session.credential
        self.now = 0
        self.failures = session.failures

    @property
    def sent(self):
        """Who drives the session has to know."""
        return self._session.sent

    @sent.setter
    def sent(self, sent):
        self._session.sent = sent

    def _recall(self):
        credential = super()._recall()
        if credential and credential.secret.reveal() == self._old.secret.reveal():
            return None
        return credential

    def _exchange(self, request, now):
        if 0 <= now - self._old.renewed < self.config.renew:  # a clock that was ahead once is no reason
            raise EnrollError("refused", "not authorised, soon after registering anew")
        self.now = now
        return (yield from super()._exchange(request, now))

    def _save(self, state, body=b""):
        if state == KEPT:
            body = json.dumps(json.loads(body)[:3] + [self.now]).encode()
        super()._save(state, body)


def renew(session):
    """Task: register the device of `session`, a Session, anew, in one attempt, and return its new Credential.

    The old one stays in the store until the new one is there. Raises EnrollError for what came of the attempt; when the
    next one may be made is left in `session.hold`.
    """
    enroller = _Renewal(session)
    enroller.warn("not authorised: registering anew")
    pause = session.config.cap
    try:
        action = yield from enroller.attempt()
        if action.credential:
            enroller.failures = 0
            action.credential.renewed = enroller.now
            return action.credential
        pause, error = action.at, action.error
    except EnrollError as failure:
        error = failure
    finally:
        enroller.close()
        session.failures = enroller.failures
    session.hold = unix() + int(pause)
    raise error
