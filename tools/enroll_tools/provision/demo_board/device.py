"""A board, for the unix port of MicroPython to run: a REPL as boards have it, over a littlefs flash in a file.

    micropython device.py '{"flash": PATH, "control": FD, "mode": "friendly", "claims": {}, "lacks": []}'

Speaks on stdin and stdout. `mode` is the REPL that it starts in; main.py runs only before the friendly one. It ends
with RESET's status where a board would reset softly: its host (board.py) starts it again on the same flash. `claims` is
what `sys` says of the board, `unique_id` (hex) its chip's number, `lacks` are modules that it does not have, `cause` is
why it was reset. On the file `control` it says whether Ctrl-C interrupts (+) or is a byte like others (-), and what
becomes of its watchdog: started (w, milliseconds, a semicolon), fed (f), stopped (s); and that the board
is to be reset (r).
"""
# ruff: noqa: SIM105, SIM115, UP031  (there is no contextlib here)

import builtins
import io
import json
import sys

import machine
import micropython
import vfs

BLOCK = 4096
RESET = {"raw": 10, "friendly": 11}
WINDOW = 128  # bytes of raw paste; two windows may come unasked

options = json.loads(sys.argv[1])
control = open(options["control"], "wb")
stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
plain_print, plain_import = print, __import__
one = bytearray(1)


class Flash:
    """A block device in a file. No method may jump: that is where MicroPython looks whether it was interrupted, and an
    exception must not get into littlefs."""

    def __init__(self, path):
        self.file = open(path, "r+b")
        self.blocks = self.file.seek(0, 2) // BLOCK

    def readblocks(self, block, buffer, offset=0):
        self.file.seek(block * BLOCK + offset)
        self.file.readinto(buffer)
        return 0

    def writeblocks(self, block, buffer, offset=0):
        self.file.seek(block * BLOCK + offset)
        self.file.write(buffer)
        return 0

    def ioctl(self, operation, argument):
        return {4: self.blocks, 5: BLOCK}.get(operation, 0)


class Overlay:
    """A module with other values for some of its names."""

    def __init__(self, module, **values):
        self._module = module
        for name in values:
            setattr(self, name, values[name])

    def __getattr__(self, name):
        return getattr(self._module, name)


class Implementation(Overlay):
    def __getitem__(self, at):
        return ("micropython", self.version)[at]


class WDT:
    """`machine.WDT`: its host resets the board where it is not fed."""

    def __init__(self, id=0, timeout=5000):
        control.write(b"w%d;" % timeout)

    def feed(self):
        control.write(b"f")


class Registers:
    """`machine.mem32`, of which only the register matters that stops the watchdog of an RP2."""

    def __setitem__(self, address, bits):
        if address in (0x4005B000, 0x400DB000) and bits & 1 << 30:
            control.write(b"s")


def hard_reset():
    control.write(b"r")
    while True:
        pass


def send(text):
    stdout.write(text.encode())


def cooked(*values, sep=" ", end="\n", file=None):
    """`print` of a board: its console gets \\r\\n."""
    if file not in (None, sys.stdout, sys.stderr):
        return plain_print(*values, sep=sep, end=end, file=file)
    text = io.StringIO()
    plain_print(*values, sep=sep, end=end, file=text)
    send(text.getvalue().replace("\n", "\r\n"))


def interruptible(yes):
    control.write(b"+" if yes else b"-")


def without(name, *more):
    if name in options["lacks"]:
        raise ImportError("no module named '%s'" % name)
    return plain_import(name, *more)


def byte():
    if not stdin.readinto(one):
        sys.exit(0)  # the host has gone
    return one[0]


def reset(mode):
    send("MPY: soft reboot\r\n")
    sys.exit(RESET[mode])


def execute(code, name="<stdin>"):
    """Run `code`; returns the traceback, or "" ."""
    try:
        interruptible(True)
        exec(compile(code, name, "exec"), space)
    except SystemExit:
        pass
    except BaseException as error:
        text = io.StringIO()
        sys.print_exception(error, text)
        return text.getvalue().replace("\n", "\r\n")
    finally:
        interruptible(False)
    return ""


def paste():
    """The code that comes in raw-paste mode, or what raises KeyboardInterrupt where it is broken off."""
    stdout.write(b"R\x01")
    stdout.write(WINDOW.to_bytes(2, "little") + b"\x01")
    code = bytearray()
    room = WINDOW
    while True:
        data = byte()
        if data in (3, 4):
            stdout.write(b"\x04")
            return code if data == 4 else b"raise KeyboardInterrupt"
        code.append(data)
        room -= 1
        if not room:
            stdout.write(b"\x01")
            room = WINDOW


def answer(code):
    trouble = execute(bytes(code))
    send("\x04" + trouble + "\x04>")


def raw_repl():
    send("raw REPL; CTRL-B to exit\r\n>")
    line = bytearray()
    while True:
        data = byte()
        if data == 1 and line == b"\x05A":
            answer(paste())
        elif data == 1:
            return "raw"
        elif data == 2:
            return "friendly"
        elif data == 4 and not line:
            send("OK\r\n")
            reset("raw")
        elif data == 4:
            send("OK")
            answer(line)
        elif data != 3:
            line.append(data)
            continue
        line = bytearray()


def friendly_repl():
    send('\r\nMicroPython on a pty\r\nType "help()" for more information.\r\n>>> ')
    line = bytearray()
    while True:
        data = byte()
        if data == 1:
            return "raw"
        if data == 4 and not line:
            send("\r\n")
            reset("friendly")
        if data in (3, 13):
            send("\r\n" + ("" if data == 3 else execute(bytes(line))) + ">>> ")
            line = bytearray()
        elif data >= 32:
            line.append(data)
            stdout.write(bytes([data]))


def start(path):
    """Mount the flash as the root, as a board's, and take on what it claims to be."""
    flash = Flash(path)
    try:
        system = vfs.VfsLfs2(flash)
    except OSError:
        vfs.VfsLfs2.mkfs(flash)
        system = vfs.VfsLfs2(flash)
    vfs.umount("/")
    vfs.mount(system, "/")
    sys.path[:] = ["", ".frozen", "/lib"]
    sys.argv.clear()
    kbd_intr = lambda code: interruptible(code == 3)  # noqa: E731
    sys.modules["micropython"] = Overlay(micropython, kbd_intr=kbd_intr)
    claims = options["claims"]
    if "version" in claims:
        claims["implementation"] = Implementation(sys.implementation, version=tuple(claims["version"]))
    more = {
        "WDT": WDT,
        "reset": hard_reset,
        "mem32": Registers(),
        "WDT_RESET": 3,
        "reset_cause": lambda: options.get("cause", 1),
    }
    if options.get("unique_id"):
        unique_id = bytes.fromhex(options["unique_id"])
        more["unique_id"] = lambda: unique_id
    sys.modules["machine"] = Overlay(machine, **more)
    if claims:
        sys.modules["sys"] = Overlay(sys, **claims)
    builtins.print = cooked
    if options["lacks"]:  # relative imports do not pass it: enough to look the board over, not to boot
        builtins.__import__ = without


def boot():
    for name in ("boot.py", "main.py") if options["mode"] == "friendly" else ("boot.py",):
        try:
            with open(name) as file:
                source = file.read()
        except OSError:
            continue
        send(execute(source, name))


space = {"__name__": "__main__"}
start(options["flash"])
mode = options["mode"]
try:
    boot()
except KeyboardInterrupt:  # it came when a program had just ended
    pass
while True:
    try:
        mode = raw_repl() if mode == "raw" else friendly_repl()
    except KeyboardInterrupt:  # as above
        pass
