"""Calls of a registered device to its service. They are in the module `device` of its provider, if it has one; this
module has what those share.

Every call is a task for a Session: run it with `session.run(task)`, or with `await session.arun(task)` under asyncio.
Awaiting or iterating it directly raises TypeError. Each raises OSError for the connection, and EnrollError, with
`retry_after`, if the service refuses it.
"""

from .config import provider
from .errors import EnrollError
from .providers import Answer


def _device(name: str):
    """The module `device` of provider `name`, or None."""
    try:
        return provider(name + ".device")
    except ImportError:
        return None


def example(credential) -> "tuple[str, str, dict | None] | None":
    """A harmless call to the service of `credential` as (method, path, JSON body), or None if there is none."""
    module = _device(credential.provider)
    return module.example(credential) if module else None


def settle(session, new: bool = False):
    """Task: do what the configuration asks for after registration and is not done yet; each `device` module says what.

    `session`: a Session. `new`: whether the device has just been registered. With nothing to do, sends no packets.
    """
    module = _device(session.credential.provider)
    if module:
        yield from module.settle(session, new)


def settle_now(new: bool, *parts) -> None:
    """The same, blocking, for a Session made of `parts`. Raises only EnrollError."""
    from .session import Session

    session = Session(*parts)
    try:
        session.run(settle(session, new))
    except OSError as error:
        raise EnrollError("network", "registered, but no answer from the service", error=error)
    finally:
        session.close()


def read(response, table: str = "", session=None) -> dict:
    """The JSON object in a Response, {} if there is none. For a refusal, raises the EnrollError that `table` says, in
    the format of providers/__init__.py. With `session`, it quotes the service's own words, unless they contain one of
    the session's secrets.
    """
    known = (session.config, session.credential) if session else ()
    try:
        return Answer(response.status_code, response.content).json(table, *known)
    except EnrollError as error:
        error.retry_after = response.retry_after
        raise


def keep(session) -> None:
    """Save the credential of `session` again after a change of its `extra`. Raises EnrollError("storage").

    Only if the credential is the newest record. Otherwise the next write would overwrite the credential's own slot.
    """
    import json

    from .commit import Journal
    from .journal import KEPT

    credential = session.credential
    slots = Journal(session.config.store)
    record = slots.load()
    body = credential.encode()
    if record and record[0] == KEPT and json.loads(record[2])[:2] == json.loads(body)[:2]:
        slots.save(KEPT, record[1], body)
