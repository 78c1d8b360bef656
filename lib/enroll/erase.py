"""Takes a secret that works once out of enroll.json, now that it has worked."""

import json
import os

from .config import Config


def erase(config: Config, key: str) -> bool:
    """Overwrite the secret `key` of the provider's section with blanks. Returns whether nothing is left of it.

    A whole copy stands beside the file meanwhile, which `Config.load` falls back to when power fails.
    """
    value = config.section[key]
    if not (value and config.path):
        return True
    try:
        with open(config.path) as file:
            text = file.read()
        quoted = json.dumps(value.reveal())
        erased = text.replace(quoted, '"' + " " * (len(quoted) - 2) + '"')
        copy = config.path + "~"
        for path, mode in ((copy, "w"), (config.path, "r+")):
            with open(path, mode) as file:
                file.write(erased)
        os.remove(copy)
    except OSError:
        return False
    config.section[key] = None
    return erased != text
