"""What is said of mistakes in enroll.json: imported once there is one."""

import os

from .errors import EnrollError, entry

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

_WANTS = const("""
A printable ASCII text
I printable ASCII text of up to 100 characters
P printable ASCII text
U text
W text of up to 32 bytes
K 8 to 63 bytes or 64 hex digits
h http(s)://host/path
H ["http(s)://host/path"]
Y YYYY-MM-DD
n hours between -24 and 24
s seconds from 1 to 86400
t true or false
4 an address like 192.168.1.1
5 an address like 192.168.1.5/24
{ an object {...}
N ["host:port"]
O [{...}]""")


def wants(key: str, value: "Any", kind: str) -> EnrollError:
    """The `value` of `key` is missing, None, or not what the letter `kind` says, see schema.py."""
    missing = " is missing, it" if value is None else ""
    return EnrollError("configuration", "enroll.json: `%s`%s wants %s" % (key, missing, entry(_WANTS, kind)))


def provider(name: "Any", error: Exception | None) -> EnrollError:
    """There is no provider `name`, or importing it has raised `error`."""
    if error and "providers.%s'" % name not in str(error):
        return EnrollError("configuration", "provider %s: %s %s" % (name, type(error).__name__, error))
    try:
        files = sorted(os.listdir(__file__.rpartition("/")[0] + "/providers"))
        known = ": " + ", ".join([file.split(".")[0] for file in files if "_" not in file])
    except (OSError, NameError):  # they are frozen into the firmware
        known = ""
    return EnrollError("configuration", "enroll.json: `provider` wants an installed one" + known)


def unreadable(path: str, raw: bytes, error: Exception) -> EnrollError:
    """The file at `path`, whose bytes are `raw`, cannot be read because of what reader.py raised."""
    at = 0
    what = "broken JSON, or not in UTF-8"
    if isinstance(error, RuntimeError):
        what = "nested too deeply"
    else:
        at = error.args[-1]
        if isinstance(error, KeyError):
            what = "`%s` is there twice" % error.args[0]
    return EnrollError("configuration", "%s: %s, see line %d" % (path, what, raw[:at].count(b"\n") + 1))
