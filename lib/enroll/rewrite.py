"""Writes enroll.json again as a whole: its values stay, its layout does not. Few devices ever need it."""

import json
import os

from .errors import EnrollError
from .reader import parse, read

if False:  # for type hints only
    from typing import Any

    from .config import Config


def rewrite(path: str, data: "Any") -> None:
    """Write `data` as JSON to the file `path`; a whole copy stands beside it meanwhile, for `reader.read`.

    Raises EnrollError("storage"); the file is as it was then.
    """
    text = json.dumps(data)
    try:
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


def leave_out(config: "Config", key: str) -> None:
    """Write the file of `config` again without the provider's `key`. Raises EnrollError."""
    data = read(config.path)
    data[config.provider][key] = config.section[key] = None
    rewrite(config.path, data)


def mend(path: str) -> None:
    """Write the file at `path` again from its whole copy, if power failed while it was written. Raises OSError."""
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
