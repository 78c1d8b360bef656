"""What runs on a board: each has a function `main`, whose result goes to the host as JSON of a known shape."""

from __future__ import annotations

from dataclasses import dataclass

from .answers import ASCII, PATH, SHA256, OneOf, Shape, Text


@dataclass(frozen=True)
class Program:
    """The `code` of a function `main`, and the `shape` of what it returns (see answers.py). `once`: it must not run
    again by itself where the board restarts in the middle of it."""

    code: str
    shape: Shape = None
    once: bool = False


FACTS = Program(
    """
def main():
    import sys
    try:
        import tls
    except ImportError:
        tls = None
    it = sys.implementation
    return [it.version[:3], sys.platform, getattr(it, "_build", ""), getattr(it, "_mpy", 0) & 255, tls is not None]
""",
    ((int, int, int), Text(100), Text(100), int, bool),
)

# A watchdog outlasts soft resets, and nobody feeds it while files are copied. RP2's is stopped (bit 30 of its register
# CTRL, by the alias that clears bits). ESP32's cannot be: it is given an hour, and the next boot sets it right.
# There is one where board.py says so, where the program that was stopped has left it, or where it has bitten. `sure`:
# one that cannot be found must not bite either; then one may have been started, which only a hard reset ends.
QUIET = Program(
    """
def main(sure=False):
    import sys
    if sys.platform == "rp2":
        import machine
        base = 0x400d8000 if "RP2350" in sys.implementation._machine else 0x40058000
        machine.mem32[base + 0x3000] = 1 << 30
        return "stopped"
    if sys.platform != "esp32":
        return ""
    import machine
    try:
        import board
        there = board.WATCHDOG
    except (ImportError, AttributeError):
        there = 0
    spaces = [globals()] + [getattr(it, "__dict__", {}) for it in sys.modules.values()]
    left = [it for space in spaces for it in space.values() if isinstance(it, machine.WDT)]
    if sure or there or left or machine.reset_cause() == machine.WDT_RESET:
        machine.WDT(timeout=3600000)
        return "slowed" if there or not sure else "started"
    return ""
""",
    Text(8, "|stopped|slowed|started"),
)

RESET = Program("import machine\ndef main():\n    machine.reset()")

# Whether nothing is left of the program that ran before.
FRESH = Program(
    """
def main():
    return "_stale" not in globals()
""",
    bool,
)

HASHES = Program(
    """
import os, hashlib
def digest(path, buffer):
    hash = hashlib.sha256()
    with open(path, "rb") as file:
        while True:
            size = file.readinto(buffer)
            if not size:
                return hash.digest().hex()
            hash.update(buffer[:size])
def walk(folder):
    try:
        found = list(os.ilistdir(folder))
    except OSError:
        return []
    paths = []
    for item in found:
        path = folder + "/" + item[0]
        paths += walk(path) if item[1] == 0x4000 else [path]
    return paths
def main(folder, names):
    buffer = memoryview(bytearray(512))
    found = []
    for path in walk(folder) + names:
        try:
            found.append((path, digest(path, buffer)))
        except OSError:
            pass
    return found
""",
    [(PATH, SHA256)],
)

# Returns where the file ends now. A board that has restarted has no open file: -1.
WRITE = Program(
    """
from binascii import a2b_base64
def main(path, at, text, last):
    global _file
    if not at:
        _file = open(path, "wb")
    elif "_file" not in globals():
        return -1
    try:
        _file.seek(at)
        _file.write(a2b_base64(text))
        at = _file.tell()
    except OSError:
        _file.close()  # else it stays open until it is collected
        raise
    if last:
        _file.close()
    return at
""",
    int,
)

FOLDERS = Program(
    """
import os
def main(folder):
    at = folder.find("/", 1)
    while folder != "/":
        try:
            os.mkdir(folder if at < 0 else folder[:at])
        except OSError as error:
            if error.errno != 17:
                raise
        if at < 0:
            return
        at = folder.find("/", at + 1)
""",
    None,
)

REMOVE = Program(
    """
import os
def main(paths):
    for path in paths:
        try:
            os.remove(path)
        except OSError as error:
            if error.errno != 2:
                raise
        folder = path.rpartition("/")[0]
        while folder.startswith("/lib/enroll/"):
            try:
                os.rmdir(folder)
            except OSError:
                break
            folder = folder.rpartition("/")[0]
""",
    None,
)

# [kind, text] of an error, or ["", result]
_ENROLL = """
def main():
    try:
        import enroll
        import port
    except ImportError:
        return ["configuration", "enroll is not installed on this board: use 'enroll-provision one' first"]
    try:
        config = enroll.Config.load("/enroll.json")
        return ["", act(enroll, port, config)]
    except enroll.EnrollError as error:
        return [error.kind, str(error)]
"""
_ERROR = (Text(16, "[a-z]+"), Text(1000))

REGISTERED = Program(
    """
def act(enroll, port, config):
    known = enroll.stored(config, port)
    return [config.provider, config.url, known and known.device_id]
"""
    + _ENROLL,
    OneOf((_ERROR, ("", (ASCII, str, OneOf((ASCII, None)))))),
)

FORGET = Program(
    """
def act(enroll, port, config):
    enroll.forget(config, port)
    return enroll.stored(config, port) is None
"""
    + _ENROLL,
    OneOf((_ERROR, ("", bool))),
)

MANIFEST = Program(
    """
def main(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""
""",
    Text(1 << 15),
)

SIZES = Program(
    """
import os
def main(paths):
    return [os.stat(path)[6] for path in paths]
""",
    [int],
)

# moves files away, each to the first name that is free
KEEP = Program(
    """
import os
def there(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False
def main(paths):
    kept = []
    for path in paths:
        name = path + ".before"
        count = 1
        while there(name):
            count += 1
            name = path + ".before" + str(count)
        os.rename(path, name)
        kept.append(name)
    return kept
""",
    [PATH],
)
