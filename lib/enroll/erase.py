"""Erases a one-time secret from enroll.json after use."""

import json
import os

from .errors import EnrollError

if False:  # for type hints only
    from .config import Config


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


def erase(config: "Config", log) -> None:
    """Overwrite with blanks the secret whose key is the provider's ONE_TIME. If that fails, tell `log(line)`.

    Until that is done, an intact copy beside the file serves `Config.load` after a power cut.
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
            from .rewrite import restore

            restore(path)
        text = _read(path)
        quoted = json.dumps(value.reveal()).encode()
        name = b'"%s"' % key.encode()
        at = text.find(name)
        start = text.find(quoted, at)
        if text[at + len(name) : start].strip() != b":":
            from .rewrite import leave_out

            leave_out(config, key)  # not found: its key or its value is written with escapes
            return
        blanks = b'"%s"' % (b" " * (len(quoted) - 2))
        text = text[:start] + blanks + text[start + len(quoted) :]
        with open(copy, "wb") as file:
            file.write(text)
        with open(path, "r+b") as file:
            file.seek(start)  # touches only the token's own block: a power cut can erase no other
            file.write(blanks)
        if _read(path) != text:
            raise OSError(5)  # EIO: what was read back differs; the copy stays
        os.remove(copy)
        config.section[key] = None
    except (OSError, EnrollError) as error:
        log("`%s` is not erased, error %s: remove it" % (key, error))
