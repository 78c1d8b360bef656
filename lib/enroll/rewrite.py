"""Writes enroll.json again as a whole: its values stay, its layout does not."""

import json
import os

from .errors import EnrollError
from .reader import read

if False:  # for type hints only
    from typing import Any


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
