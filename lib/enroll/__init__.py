"""Device registration: join, set the clock, register once, keep the credential for ever.

    config = enroll.Config.load("enroll.json")
    credential = enroll.stored(config, port)    # Credential or None: no network
    credential = enroll.run(config, port)       # until registered
    session = enroll.Session(config, port)
    enroll.forget(config, port)                 # factory reset
    enroll.set_registration_token(config, token, port)    # ickStream's, given at run time

Names are imported when they are first used, so that a boot with a credential loads no network code.
"""


def __getattr__(name: str):
    # A class is in the module of its name, but for these. `from enroll import http` asks here before it seeks a module.
    module = {
        "EnrollError": "errors",
        "Credential": "providers",
        "forget": "reset",
        "set_registration_token": "token",
    }.get(name, name.lower())
    try:
        found = __import__("enroll." + module, None, None, (name,))
    except ImportError:
        raise AttributeError(name)
    return getattr(found, name, found)


def stored(config, port):
    """The Credential that is kept for `config` on the board of `port`, or None. Uses no network and writes nothing.

    Raises EnrollError("configuration") where `config` lacks what the board does not know of itself, and where the
    device is registered at another address than `url` and those in `moved_from`.
    """
    from .record import recall
    from .store import Store

    config.complete(port.identity())  # first: a record of another board is not this one's
    return recall(config, Store(config.store))[1]


def run(config, port, **more):
    """Register if that is not done yet, however long it takes, and return the Credential.

    `more`: `request` and `log` of Enroller. Raises EnrollError for what no later attempt can mend (kinds
    `configuration` and `storage`).
    """
    from .enroller import Enroller

    return Enroller(config, port, **more).run()


async def arun(config, port, **more):
    """The same as `run` without blocking an asyncio loop."""
    from .enroller import Enroller

    return await Enroller(config, port, **more).arun()
