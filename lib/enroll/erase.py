"""Takes a secret that works once out of enroll.json, now that it has worked."""

import json
import os

from .errors import EnrollError

if False:  # for type hints only
    from .config import Config


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def erase(config: "Config", log) -> None:
    """Overwrite the secret that the provider calls ONE_TIME with blanks, or `log` that it cannot be done.

    A whole copy stands beside the file meanwhile, which `Config.load` falls back to when power fails.
    """
    key = config.service.ONE_TIME
    value = config.section[key]
    path = config.path
    if not (value and path):
        return
    copy = path + ".whole"
    try:
        whole = os.stat(copy)
    except OSError:
        whole = None
    try:
        if whole:  # power failed while the file was written
            from .rewrite import mend

            mend(path)
        text = _read(path)
        quoted = json.dumps(value.reveal()).encode()
        name = b'"%s"' % key.encode()
        at = text.find(name)
        start = text.find(quoted, at)
        if text[at + len(name) : start].strip() != b":":
            from .rewrite import leave_out

            leave_out(config, key)  # one of them is written with escapes
            return
        blanks = b'"' + b" " * (len(quoted) - 2) + b'"'
        text = text[:start] + blanks + text[start + len(quoted) :]
        with open(copy, "wb") as file:
            file.write(text)
        with open(path, "r+b") as file:
            file.seek(start)  # no other block is touched: one that a power cut leaves erased is the token's own
            file.write(blanks)
        if _read(path) != text:
            raise OSError(5)  # EIO; the copy stays
        os.remove(copy)
        config.section[key] = None
    except (OSError, EnrollError) as error:
        log("take the used `%s` out of enroll.json, error %s" % (key, error))
