"""Error sentences for mistakes in enroll.json and in an application's requests. Loaded only after one."""

import os
import sys

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
B Base64
D letters and digits without blanks
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
O [{...}]
L [{...}]
R an object {...}
/ a path that begins with /
S a path: in NVS /nvs/ and 1 to 15 characters""")


def wrong(text: str, remedy: str = "correct it") -> EnrollError:
    """The error for a wrong value. `text`: begins with the key and its closing backquote. It names the file whose
    values schema.py checks, if they come from one.
    """
    path = getattr(sys.modules.get("enroll.schema"), "path", "")
    return EnrollError("configuration", "%s`%s" % (path and path + ": ", text), remedy)


def invalid(section: str, item: str, value: "Any", unknown: bool = False) -> EnrollError:
    """The error for a `value` that is missing (None) or wrong; or for `item` itself, if it is not a valid item of a
    table, see schema.py. `section`: what stands before the key. `unknown`: `item` is a key that no table has.
    """
    if unknown:
        return wrong("%s%s` is unknown" % (section, item))
    what = item[2:] and item[-2] in "!@-" and entry(_WANTS, item[-1])
    if not what:
        return EnrollError("configuration", "`%s` in a provider's TABLE is wrong" % item, "correct it")
    key = section + item[:-2]
    return wrong(key + "` is missing", "it must be " + what) if value is None else wrong(key + "` must be " + what)


def ca(path: "str | None") -> EnrollError:
    """The error for a `ca` that names a missing file, `path`; None: https is used without a `ca`."""
    if path:
        return wrong("ca` names %s, no such file" % path, "copy it there")
    return wrong("ca` is missing", "https needs a CA file")


def provider(name: "Any", error: Exception | None) -> EnrollError:
    """The error if there is no provider `name`, or importing it raised `error`."""
    if error and not (isinstance(error, ImportError) and "providers.%s'" % name in str(error)):
        return EnrollError(
            "configuration", "provider %s cannot be loaded, %s %s" % (name, type(error).__name__, error), "correct it"
        )
    try:
        files = sorted(os.listdir(__file__.rpartition("/")[0] + "/providers"))
        known = ", ".join([file.split(".")[0] for file in files if "_" not in file])
    except (OSError, NameError):  # the providers are frozen into the firmware
        known = ""
    return wrong("provider` must be an installed one", known)


def md5() -> EnrollError:
    """The error if the firmware's hashlib has no MD5."""
    return EnrollError(
        "configuration", "this firmware has no MD5, which this provider needs", "flash MicroPython 1.28 or later"
    )


def unreadable(path: str, raw: bytes, error: Exception) -> EnrollError:
    """The error for the file at `path`, with the bytes `raw`, that made reader.py raise `error`."""
    at = 0
    what = "broken JSON, or not in UTF-8"
    if isinstance(error, RuntimeError):
        what = "nested too deeply"
    else:
        at = error.args[-1]
        if isinstance(error, KeyError):
            what = "`%s` appears twice" % error.args[0]
    return EnrollError("configuration", "%s: %s" % (path, what), "see line %d" % (raw[:at].count(b"\n") + 1))


def header(name: str) -> EnrollError:
    """The error if the header `name` of a request has a line break."""
    return EnrollError("configuration", "line break in header %s" % name, "remove it")


def no_ca() -> EnrollError:
    """The error for a request over https without certificates to verify the server with."""
    return EnrollError("configuration", "`ca` is missing", "https needs it")


def moved(where: str, url: str) -> EnrollError:
    """The error if the device is registered at `where` and `url` is another address."""
    remedy = "list the first in `moved_from`, or use enroll.forget"
    return EnrollError("configuration", "registered at %s, not at %s" % (where, url), remedy)
