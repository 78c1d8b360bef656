"""What runs on a board: each has a function `main`, whose result goes to the host as JSON."""

FACTS = """
def main():
    import sys
    try:
        import tls
    except ImportError:
        tls = None
    it = sys.implementation
    return [it.version[:3], sys.platform, getattr(it, "_build", ""), getattr(it, "_mpy", 0) & 255, tls is not None]
"""

# A watchdog outlasts soft resets, and nobody feeds it while files are copied. RP2's is stopped (bit 30 of its register
# CTRL, by the alias that clears bits), ESP32's, which cannot be, is given an hour: the next boot sets it right.
QUIET = """
def main():
    import sys
    if sys.platform == "rp2":
        import machine
        base = 0x400d8000 if "RP2350" in sys.implementation._machine else 0x40058000
        machine.mem32[base + 0x3000] = 1 << 30
        return "stopped"
    if sys.platform == "esp32":
        try:
            import board
            if board.WATCHDOG:
                import machine
                machine.WDT(timeout=3600000)
                return "slowed"
        except (ImportError, AttributeError):
            pass
    return ""
"""

HASHES = """
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
"""

FOLDERS = """
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
"""

REMOVE = """
import os
def main(paths):
    for path in paths:
        os.remove(path)
"""

# one attempt, as `main.py --once` on a computer; the last line is its exit status
BOOT = """
import main
print("provision:", main.main(["enroll.json", "--once"]))
"""

# [kind, text] of an error, or ["", result]
_ENROLL = """
def main():
    try:
        import enroll
        import port
    except ImportError:
        return ["configuration", "enroll is not installed on this board: use 'provision one' first"]
    try:
        config = enroll.Config.load("/enroll.json")
        return ["", act(enroll, port, config)]
    except enroll.EnrollError as error:
        return [error.kind, str(error)]
"""

REGISTERED = (
    """
def act(enroll, port, config):
    known = enroll.stored(config, port)
    return [config.provider, config.url, known and known.device_id]
"""
    + _ENROLL
)

FORGET = (
    """
def act(enroll, port, config):
    enroll.forget(config, port)
    return enroll.stored(config, port) is None
"""
    + _ENROLL
)

MANIFEST = """
def main(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""
"""

# What is registered: [board id, [[state, identity, device id, time], ...]], the newest record first. `source`: of
# store.py, for a board whose own library is broken; without it such a board says "no library".
REGISTRATION = """
import json, os
def text(data):
    try:
        return str(data, "utf-8")
    except UnicodeError:
        return ""
def folder():
    for path in ("/enroll.json", "/enroll.json.whole"):
        try:
            with open(path) as file:
                found = json.load(file).get("store")
            return found if isinstance(found, str) and found.strip() else "state"
        except (OSError, ValueError, AttributeError):
            pass
    return "state"
def when(path):
    import time
    try:
        seconds = os.stat(path)[8]
    except OSError:
        return 0
    return seconds + (946684800 if time.gmtime(0)[0] == 2000 else 0)
def name(state, body):
    try:
        found = json.loads(body)[0] if state == 4 else ""
        return found if isinstance(found, str) else ""
    except (ValueError, TypeError, IndexError, KeyError):
        return ""
def records(store):
    found = []
    for older in (False, True):
        record = store.load(older)
        if record and record[0] != 2:
            state, who, body = record
            slot = store.next if older else 1 - store.next
            found.append([state, text(who), name(state, body), when(store.name(slot))])
    for who in store.damaged:
        if who.count(b"\\n"):
            found.append([1, text(who), "", 0])
    return found
def number():
    try:
        import machine
        return machine.unique_id().hex()
    except (ImportError, AttributeError):
        return ""
def main(source):
    path = folder()
    if path[0] != "/":
        path = "/" + path
    try:
        if path[:5] == "/nvs/":
            import port
        from enroll.store import Store
    except Exception:
        try:
            os.stat(path)
        except OSError:
            return [number(), []]
        if not source:
            return "no library"
        space = {}
        exec(source, space)
        Store = space["Store"]
    return [number(), records(Store(path))]
"""

SIZES = """
import os
def main(paths):
    return [os.stat(path)[6] for path in paths]
"""

# moves files away, each to the first name that is free
KEEP = """
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
"""
