"""Device registration: join, set the clock, register once, keep the credential.

    config = enroll.Config.load("enroll.json")
    credential = enroll.stored(config, port)    # Credential or None: no network
    credential = enroll.run(config, port)       # until registered
    session = enroll.Session(config, port)
    enroll.forget(config, port)                 # factory reset
    enroll.set_registration_token(config, token, port)    # known only at run time

`import enroll` loads what a boot with a credential needs. The rest is loaded on first use; `dir(enroll)` loads nothing.
Import other modules by name: `import enroll.requests`.
"""

from .config import Config  # noqa: F401
from .errors import EnrollError  # noqa: F401

__version__ = "0.1.0"


def Enroller(*arguments, **more):  # noqa: F811
    """Load enroller.Enroller, replace this function by it, and return an instance."""
    global Enroller
    from .enroller import Enroller

    return Enroller(*arguments, **more)


def Session(*arguments, **more):  # noqa: F811
    """Load session.Session, replace this function by it, and return an instance."""
    global Session
    from .session import Session

    return Session(*arguments, **more)


def stored(config, port):
    """Return the stored Credential for `config` on the board of `port`, or None. Uses no network and writes nothing.

    Raises EnrollError("configuration") if a required key is neither in `config` nor known to the board, and if the
    device is registered at an address that is neither `url` nor in `moved_from`.
    """
    from .journal import Slots, recall

    config.complete(port.identity())  # first, because a record counts only for its own board
    return recall(config, Slots(config.store))[1]


def run(config, port, **more):
    """Register unless that is done, however long it takes, and return the Credential.

    `more`: `request` and `log` of Enroller. Raises EnrollError of kind `configuration` or `storage`; all other failures
    are tried again.
    """
    return Enroller(config, port, **more).run()


async def arun(config, port, **more):
    """The same as `run` under asyncio, without blocking its loop."""
    return await Enroller(config, port, **more).arun()


def forget(config, port, **more):
    """Factory reset: erase the stored credential, then those of child devices. `port`: its watchdog is fed.

    With `wifi=True` it erases the networks that a person has given the device instead; the credential stays.

    Raises EnrollError("storage").
    """
    from . import reset

    reset.forget(config, port, **more)


def set_registration_token(config, token, port):
    """Give the device a new registration `token`; an empty one unregisters it. See enroll.token."""
    from . import token as module

    module.set_registration_token(config, token, port)
