"""What a registered device calls at its service, besides plain requests: the module `device` of its provider, if it has
one, and what such modules share.

Every call is a task of a Session: `session.run(task)` waits for it, `await session.arun(task)` does so under
asyncio. As it is, it can neither be awaited nor iterated: that raises TypeError. Each raises OSError for the connection
and EnrollError for what the service refuses (with `retry_after`).
"""

from .config import provider
from .errors import EnrollError
from .providers import Answer


def _device(name: str):
    """The module of what a device calls that is registered with provider `name`, or None."""
    try:
        return provider(name + ".device")
    except ImportError:
        return None


def example(credential) -> "tuple[str, str, dict | None] | None":
    """A harmless call to the service of `credential`, (method, path, JSON body), or None where it takes none."""
    module = _device(credential.provider)
    return module.example(credential) if module else None


def settle(session, new: bool = False):
    """Task: do what the configuration asks for once the device is registered, and what of it is not done yet.

    Each module says what that is. `new`: the device has just been registered. With nothing to do it needs no network.
    """
    module = _device(session.credential.provider)
    if module:
        yield from module.settle(session, new)


def settle_now(new: bool, *parts) -> None:
    """The same for a Session made of `parts`, all of it before this returns. Raises EnrollError alone."""
    from .session import Session

    session = Session(*parts)
    try:
        session.run(settle(session, new))
    except OSError as error:
        raise EnrollError("network", "registered, but no answer from the service", error)
    finally:
        session.close()


def read(response, table: str = "", session=None) -> dict:
    """The JSON object in a Response, {} if there is none. Raises what `table`, as a provider's, has for a refusal; with
    the service's own words if the Session is given, whose secrets must not be among them.
    """
    known = (session.config, session.credential) if session else ()
    try:
        return Answer(response.status_code, response.content).json(table, *known)
    except EnrollError as error:
        error.retry_after = response.retry_after
        raise


def keep(session) -> None:
    """Save the credential of `session` again, because its `extra` has changed, if it is the newest record. Beside a
    newer note it is left alone: the next write would go to its own slot. Raises EnrollError("storage").
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
