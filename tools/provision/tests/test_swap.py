"""Power that fails at every block operation of an upgrade: the board boots the old files or the new ones."""

import json
import os
import subprocess

from devices import ROOT
from provision import swap
from runtimes import micropython

WRITE = "def main(path, text):\n with open(path, 'w') as file: file.write(text)\n"
MOVED, ADDED = ["/lib/enroll", "/port.py"], ["/nvs.py"]
CUTS = """
import gc, json, os, sys, vfs
from test_micropython_littlefs import Block

phases = json.load(open(sys.argv[1]))
kind = vfs.VfsLfs2
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
    block = Block(128)
    kind.mkfs(block)
    vfs.mount(kind(block), "/")
    for where, what in (("", "old"), ("/enroll-upgrade/new", "new")):
        for name in ("/lib/enroll/%s.py" % what, "/lib/enroll/both.py", "/port.py", "/main.py"):
            write(where + name, what)
    write("/enroll-upgrade/new/nvs.py", "new")
    vfs.umount("/")
    return block.data

def play(block, steps, model, cut):
    "Run steps until power fails; returns whether it did."
    gc.collect()
    block.done, block.cut, block.model = 0, cut, model
    vfs.mount(kind(block), "/")
    try:
        for program, values in steps:
            space = {}
            exec(program, space)
            space["main"](*values)
    except OSError as error:
        assert cut and block.done >= cut, repr(error)
    vfs.umount("/")
    failed = cut and block.done >= cut
    block.cut = 0
    return failed

def boot(block, model="clean", cut=0):
    "What the board runs after power-on: old, new, or what it found."
    block.done, block.cut, block.model = 0, cut, model
    vfs.mount(kind(block), "/")
    text = read("/main.py")
    try:
        if "execfile" in text:
            exec(text, {"execfile": lambda path: None})
    except OSError:
        assert cut
    block.cut = 0
    vfs.umount("/")
    vfs.mount(kind(block), "/")
    library = os.listdir("/lib/enroll") if "enroll" in os.listdir("/lib") else []
    found = [read(it) for it in ("/main.py", "/port.py", "/lib/enroll/both.py")]
    for what, nvs in (("old", ""), ("new", "new")):
        if found == [what] * 3 and sorted(library) == ["both.py", what + ".py"] and read("/nvs.py") == nvs:
            found = what
            break
    vfs.umount("/")
    return found

whole = fresh()
played = 0
for at, (allowed, steps) in enumerate(phases):
    for model in ("clean", "torn", "erased"):
        cut = 1
        while True:
            block = Block(128)
            block.data[:] = whole
            failed = play(block, steps, model, cut)
            if not failed:
                break
            if at == 0 and model == "clean" and cut % 7 == 0:  # power fails while the old files are put back, too
                for second in range(1, 200):
                    again = Block(128)
                    again.data[:] = block.data
                    boot(again, "torn", second)
                    assert boot(again) == "old", (cut, second, boot(again))
                    played += 1
            found = boot(block)
            assert found in allowed, (at, model, cut, found)
            cut += 1
            played += 1
    block = Block(128)
    block.data[:] = whole
    play(block, steps, "clean", 0)
    whole = bytes(block.data)
    assert boot(block) == allowed[-1], (at, boot(block))
print("played", played)
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


def test_every_cut_leaves_the_old_files_or_the_new_ones(tmp_path, runtime, monkeypatch):
    monkeypatch.setattr(swap, "_check", lambda *_: None)
    phases = [
        [["old"], recorded(swap.begin, MOVED, ADDED, "")],
        [["old", "new"], recorded(swap.commit)],
        [["new"], recorded(swap.end)],
    ]
    (tmp_path / "phases.json").write_text(json.dumps(phases))
    (tmp_path / "cuts.py").write_text(CUTS)
    path = f"{ROOT}/lib:{ROOT}/host_tests/unit:{ROOT}/host_tests/fakes:.frozen"
    command = [str(micropython(runtime)), str(tmp_path / "cuts.py"), str(tmp_path / "phases.json")]
    done = subprocess.run(command, env={**os.environ, "MICROPYPATH": path}, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[-1]) > 100
