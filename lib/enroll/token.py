"""A registration token that comes at run time, from a controller's app, say, which has fetched it for this device."""

from .errors import EnrollError
from .reader import read
from .rewrite import mend, rewrite
from .schema import fields

if False:  # for type hints only
    from .config import Config


def set_registration_token(config: "Config", token: str, port) -> None:
    """Give the device a new registration `token`; an empty one unregisters it.

    The token is written into the file that `config` came from, so that the next `enroll.run`, also after a reset,
    registers with it; the credential there is stays on flash until there is another. The file keeps its values, not its
    layout. An empty token is taken out of the file, and the credential is erased.

    Raises EnrollError("configuration") for another service or a token that no header can carry, and
    EnrollError("storage"); nothing is changed then.
    """
    key = getattr(config.service, "ONE_TIME", "")
    if not key:
        raise EnrollError("configuration", "%s takes no registration token: leave it out" % config.provider)
    value = fields({key: token}, key + "-P", config.provider)[key]
    if config.path:
        data = read(config.path)
        data[config.provider][key] = token if value else None
        mend(config.path)
        rewrite(config.path, data)
    config.section[key] = value
    if not value:
        from .reset import forget

        forget(config, port)
