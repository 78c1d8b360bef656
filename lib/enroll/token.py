"""Registration tokens that come at run time, for example from an app that fetched one for this device."""

from .errors import EnrollError
from .reader import read
from .rewrite import restore, rewrite
from .schema import fields

if False:  # for type hints only
    from .config import Config


def set_registration_token(config: "Config", token: str, port) -> None:
    """Give the device a new registration `token`; an empty one unregisters it.

    The token is written to the file of `config`; the next `enroll.run` registers with it, even after a reset. The old
    credential stays on flash until there is a new one. The file keeps its values, but not its layout. An empty token is
    removed from the file, and the credential is erased. `port`: its watchdog is fed.

    Raises EnrollError("configuration") if the provider takes no token or a header cannot carry this one, and
    EnrollError("storage"). Then nothing has changed.
    """
    key = getattr(config.service, "ONE_TIME", "")
    if not key:
        raise EnrollError("configuration", "%s takes no registration token" % config.provider, "leave it out")
    value = fields({key: token}, key + "-P", config.provider)[key]
    if config.path:
        data = read(config.path)
        data[config.provider][key] = token if value else None
        restore(config.path)
        rewrite(config.path, data)
    config.section[key] = value
    if not value:
        from .reset import forget

        forget(config, port)
