"""If power fails at any block operation of an upgrade, the board boots the old files or the new ones."""

import json
import os
import subprocess

import pytest
from devices import ROOT
from enroll_tools.provision import swap
from runtimes import micropython

WRITE = "def main(path, text):\n with open(path, 'w') as file: file.write(text)\n"
MOVED, ADDED = ["/lib/enroll", "/port.py"], ["/nvs.py"]
CUTS = """
import gc, json, os, sys, vfs
from blocks import KINDS, Blocks, Kind, formatted
from power import CLEAN, ERASED, TORN, cut_everywhere

phases = json.load(open(sys.argv[1]))
KINDS["board"] = Kind(vfs.VfsLfs2, vfs.VfsLfs2, 512, 128)
Blocks.root = "/"
vfs.umount("/")

def write(path, text):
    at = path.find("/", 1)
    while at > 0:
        try:
            os.mkdir(path[:at])
        except OSError:
            pass
        at = path.find("/", at + 1)
    with open(path, "w") as file:
        file.write(text)

def read(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""

def fresh():
    flash = formatted("board")
    with flash:
        for where, what in (("", "old"), ("/enroll-upgrade/new", "new")):
            for name in ("/lib/enroll/%s.py" % what, "/lib/enroll/both.py", "/port.py", "/main.py"):
                write(where + name, what)
        write("/enroll-upgrade/new/nvs.py", "new")
    return flash

def hooked(flash):
    "Whether main.py puts the old files back."
    with flash:
        return "execfile" in read("/main.py")

def boot(flash):
    "What main.py does at power-on."
    gc.collect()
    with flash:
        text = read("/main.py")
        if "execfile" in text:
            exec(text, {"execfile": lambda path: None})

def found(flash):
    "What the board runs: old, new, or what there is."
    with flash:
        library = os.listdir("/lib/enroll") if "enroll" in os.listdir("/lib") else []
        files = [read(it) for it in ("/main.py", "/port.py", "/lib/enroll/both.py")]
        for what, nvs in (("old", ""), ("new", "new")):
            if files == [what] * 3 and sorted(library) == ["both.py", what + ".py"] and read("/nvs.py") == nvs:
                return what
        return files

def phase(first, allowed, steps, make):
    "Cut the power while steps run, in each way; then do them. Returns at how many points it was cut."

    def play(flash):
        gc.collect()
        with flash:
            for program, values in steps:
                space = {}
                exec(program, space)
                space["main"](*values)

    def old(flash, point):
        boot(flash)
        assert found(flash) == "old", found(flash)

    def check(flash, point):
        nonlocal again
        if first and point.failure is CLEAN and point.at % 7 == 0 and hooked(flash):  # it fails there, too
            again += len(cut_everywhere(flash.copy, boot, old, (TORN,)))
        boot(flash)
        assert found(flash) in (allowed if point.at else allowed[-1:]), found(flash)

    again = 0
    points = cut_everywhere(make, play, check, (CLEAN, TORN, ERASED))
    play(make())
    return len(points) + again

flash = fresh()
print("played", sum([phase(it is phases[0], *it, flash.rewound()) for it in phases]))
"""


class Recorder:
    """A link that writes down what a board is told to run."""

    port = "here"

    def __init__(self):
        self.steps = []

    def call(self, program, *values):
        self.steps.append([program.code, values])
        return True

    def write(self, path, data):
        self.steps.append([WRITE, [path, data.decode()]])


def recorded(action, *values):
    link = Recorder()
    action(link, *values)
    return link.steps


@pytest.mark.long("chip")
def test_every_cut_leaves_the_old_files_or_the_new_ones(tmp_path, runtime, monkeypatch):
    monkeypatch.setattr(swap, "_check", lambda *_: None)
    phases = [
        [["old"], recorded(swap.begin, MOVED, ADDED, "")],
        [["old", "new"], recorded(swap.commit)],
        [["new"], recorded(swap.end)],
    ]
    (tmp_path / "phases.json").write_text(json.dumps(phases))
    (tmp_path / "cuts.py").write_text(CUTS)
    path = f"{ROOT}/lib:{ROOT}/host_tests/fakes:.frozen"
    command = [str(micropython(runtime)), str(tmp_path / "cuts.py"), str(tmp_path / "phases.json")]
    done = subprocess.run(command, env={**os.environ, "MICROPYPATH": path}, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[-1]) > 100
