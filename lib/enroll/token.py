"""A registration token that comes at run time, from a controller's app, say, which has fetched it for this device."""

import json
import os

from .erase import mend
from .errors import EnrollError
from .reader import read
from .schema import fields

if False:  # for type hints only
    from .config import Config


def set_registration_token(config: "Config", token: str, port) -> None:
    """Give a device of ickStream a new registration `token`; an empty one unregisters it.

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
        _write(config.path, json.dumps(data))
    config.section[key] = value
    if not value:
        from .reset import forget

        forget(config, port)


def _write(path: str, text: str) -> None:
    """Write `text` to the file `path`; a whole copy stands beside it meanwhile, for `reader.read`."""
    try:
        mend(path)
        for name in (path + ".whole", path):
            with open(name, "w") as file:
                file.write(text)
            with open(name) as file:
                if file.read() != text:
                    raise OSError(5)  # EIO: it reads back as something else
        os.remove(path + ".whole")
    except OSError as error:
        if json.dumps(read(path)) != text:  # else its copy is there, which counts where the file is broken
            try:
                os.remove(path + ".whole")
            except OSError:
                pass
            raise EnrollError("storage", "%s cannot be written" % path, error)
