"""Device registration: join, set the clock, register once, keep the credential for ever.

    config = enroll.Config.load("enroll.json")
    credential = enroll.stored(config, port)    # Credential or None: no network
    credential = enroll.run(config, port)       # until registered
    session = enroll.Session(config, port)
    enroll.forget(config, port)                 # factory reset
    enroll.set_registration_token(config, token, port)    # given at run time

What a boot with a credential needs is loaded at once, the rest when it is first used; `dir(enroll)` loads nothing.
Modules are imported by name, as `import enroll.requests`.
"""

from .config import Config  # noqa: F401
from .errors import EnrollError  # noqa: F401

__version__ = "0.1.0"


def Enroller(*arguments, **more):  # noqa: F811
    """Load the class of this name, which from then on is here instead, and make one."""
    global Enroller
    from .enroller import Enroller

    return Enroller(*arguments, **more)


def Session(*arguments, **more):  # noqa: F811
    """The same."""
    global Session
    from .session import Session

    return Session(*arguments, **more)


def stored(config, port):
    """The Credential that is kept for `config` on the board of `port`, or None. Uses no network and writes nothing.

    Raises EnrollError("configuration") where `config` lacks what the board does not know of itself, and where the
    device is registered at another address than `url` and those in `moved_from`.
    """
    from .journal import Slots, recall

    config.complete(port.identity())  # first: a record of another board is not this one's
    return recall(config, Slots(config.store))[1]


def run(config, port, **more):
    """Register if that is not done yet, however long it takes, and return the Credential.

    `more`: `request` and `log` of Enroller. Raises EnrollError for what does not pass with time (kinds `configuration`
    and `storage`).
    """
    return Enroller(config, port, **more).run()


async def arun(config, port, **more):
    """The same as `run` without blocking an asyncio loop."""
    return await Enroller(config, port, **more).arun()


def forget(config, port):
    """Factory reset: erase the stored credential, then those of child devices. Raises EnrollError("storage")."""
    from . import reset

    reset.forget(config, port)


def set_registration_token(config, token, port):
    """Give the device a new registration `token`, see enroll.token; an empty one unregisters it."""
    from . import token as module

    module.set_registration_token(config, token, port)
