"""Rewrites the whole of enroll.json: keeps its values, but not its layout. Few devices ever need this."""

import json
import os

from .errors import EnrollError
from .reader import parse, read

if False:  # for type hints only
    from typing import Any

    from .config import Config


def rewrite(path: str, data: "Any") -> None:
    """Write `data` as JSON to the file `path`. Until that is done, an intact copy in `path`.whole serves `reader.read`.

    Raises EnrollError("storage"); `reader.read` then still returns the old values.
    """
    text = json.dumps(data)
    try:
        for name in (path + ".whole", path):
            with open(name, "w") as file:
                file.write(text)
            with open(name) as file:
                if file.read() != text:
                    raise OSError(5)  # EIO: what was read back differs
        os.remove(path + ".whole")
    except OSError as error:
        if json.dumps(read(path)) != text:  # if equal, the file or its copy has the new values: that is a success
            try:
                os.remove(path + ".whole")
            except OSError:
                pass
            raise EnrollError("storage", "%s cannot be written" % path, error=error)


def leave_out(config: "Config", key: str) -> None:
    """Rewrite the file of `config` without the provider's `key`. Raises EnrollError."""
    data = read(config.path)
    data[config.provider][key] = config.section[key] = None
    rewrite(config.path, data)


def restore(path: str) -> None:
    """Restore the file at `path` from its intact copy, if power failed while it was written. Raises OSError."""
    copy = path + ".whole"
    try:
        os.stat(copy)
        parse(path)
    except OSError:
        pass
    except EnrollError:
        with open(copy, "rb") as file:
            text = file.read()
        with open(path, "wb") as file:
            file.write(text)
