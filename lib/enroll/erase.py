"""Takes a secret that works once out of enroll.json, now that it has worked."""

import json
import os

from .errors import EnrollError

if False:  # for type hints only
    from .config import Config


def mend(path: str) -> None:
    """Write the file at `path` again from its whole copy, if power failed while it was written. Raises OSError."""
    try:
        os.stat(path + ".whole")
        from .reader import parse

        parse(path)
    except OSError:
        pass
    except EnrollError:
        with open(path + ".whole", "rb") as file:
            text = file.read()
        with open(path, "wb") as file:
            file.write(text)


def erase(config: "Config", log) -> None:
    """Overwrite the secret that the provider calls ONE_TIME with blanks, or `log` that it cannot be done.

    A whole copy stands beside the file meanwhile, which `Config.load` falls back to when power fails.
    """
    key = config.service.ONE_TIME
    value = config.section[key]
    if not (value and config.path):
        return
    try:
        mend(config.path)
        with open(config.path, "rb") as file:
            text = file.read()
        quoted = json.dumps(value.reveal()).encode()
        name = b'"%s"' % key.encode()
        start = text.find(quoted, text.find(name))
        if text[text.find(name) + len(name) : start].strip() != b":":
            _retype(config, key)  # one of them is written with escapes
            return
        blanks = b'"' + b" " * (len(quoted) - 2) + b'"'
        text = text[:start] + blanks + text[start + len(quoted) :]
        copy = config.path + ".whole"
        with open(copy, "wb") as file:
            file.write(text)
        with open(config.path, "r+b") as file:
            file.seek(start)  # no other block is touched: one that a power cut leaves erased is the token's own
            file.write(blanks)
        with open(config.path, "rb") as file:
            if file.read() != text:
                raise OSError(5)  # EIO; the copy stays
        os.remove(copy)
        config.section[key] = None
    except (OSError, EnrollError) as error:
        log("take the used `%s` out of enroll.json, error %s" % (key, error))


def _retype(config: "Config", key: str) -> None:
    """Write the file again without the value of `key`, where it cannot be found in the text. Raises EnrollError."""
    from .reader import read
    from .rewrite import rewrite

    data = read(config.path)
    data[config.provider][key] = config.section[key] = None
    rewrite(config.path, data)
