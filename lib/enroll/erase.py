"""Takes a secret that works once out of enroll.json, now that it has worked."""

import json
import os

if False:  # for type hints only
    from .config import Config


def erase(config: "Config", log) -> None:
    """Overwrite the secret that the provider calls ONE_TIME with blanks, or `log` that it cannot be done.

    A whole copy stands beside the file meanwhile, which `Config.load` falls back to when power fails.
    """
    key = config.service.ONE_TIME
    value = config.section[key]
    if not (value and config.path):
        return
    try:
        with open(config.path) as file:
            text = file.read()
        quoted = json.dumps(value.reveal())
        before, name, after = text.partition('"%s"' % key)
        if quoted not in after:
            raise OSError("written with escapes")
        text = before + name + after.replace(quoted, '"' + " " * (len(quoted) - 2) + '"', 1)
        copy = config.path + ".whole"
        for path, mode in ((copy, "w"), (config.path, "r+")):
            with open(path, mode) as file:
                file.write(text)
        os.remove(copy)
        config.section[key] = None
    except OSError as error:
        log("take the used `%s` out of enroll.json, it cannot be erased: %s" % (key, error))
