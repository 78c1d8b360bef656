"""The board on a pty, with genuine mpremote."""

import hashlib
import json
import subprocess
import sys
import time

import pytest


def mpremote(board, *words):
    """Run mpremote as a program, which says everything in its order."""
    command = [sys.executable, "-um", "mpremote", "connect", board.port, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def says(board, *words):
    done = mpremote(board, *words)
    assert done.returncode == 0, done
    return done.stdout


def until(there):
    end = time.monotonic() + 5
    while not there():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.long("chip")
def test_mpremote_does_what_it_does_with_every_board(plug, runtime, tmp_path):
    folder = tmp_path / "host"
    (folder / "package").mkdir(parents=True)
    (folder / "script.py").write_text("print('ran', 6 * 7)\n")
    (folder / "package" / "package.json").write_text(
        json.dumps({"version": "1", "urls": [["it/__init__.py", "it.py"]]})
    )
    (folder / "package" / "it.py").write_text("x = 'it is here'\n")
    board = plug(runtime)
    script, package = str(folder / "script.py"), str(folder / "package" / "package.json")
    assert says(board, "eval", "1 + 2", "exec", "import sys; print(sys.path, sys.argv)", "run", script) == (
        "3\n['', '.frozen', '/lib'] []\nran 42\n"
    )
    copied = says(board, "fs", "cp", script, ":script.py", "+", "sha256sum", "script.py", "+", "tree", "+", "df")
    assert hashlib.sha256((folder / "script.py").read_bytes()).hexdigest() in copied
    assert "── script.py" in copied and "1048576" in copied
    assert says(board, "mip", "install", package, "+", "exec", "import it; print(it.x)").endswith("it is here\n")
    says(board, "soft-reset")
    assert "ran 42" in says(board, "mount", str(folder), "exec", "import script")
    failed = mpremote(board, "exec", "raise OSError(28)")
    assert failed.returncode == 1 and "OSError: 28" in failed.stdout + failed.stderr


def test_flash_survives_and_memory_does_not(plug):
    board = plug()
    says(board, "exec", "f = open('kept', 'w'); f.write('7'); f.close(); x = 1")
    assert says(board, "exec", "print(open('kept').read(), 'x' in globals())") == "7 False\n"
    board.unplug()
    board.plug()
    assert says(board, "exec", "print(open('kept').read())") == "7\n"


def test_main_runs_at_power_on_and_ctrl_c_stops_it(plug):
    board = plug()
    board.runs("print('main runs')\nwhile True: pass")
    until(lambda: b"main runs\r\n" in board.said)
    assert says(board, "eval", "2 + 2") == "4\n"


def test_ctrl_c_comes_while_the_program_waits(plug, runtime):
    """In the middle of a collection or an import it left the interpreter locked forever."""
    board = plug(runtime)
    board.runs(
        "import gc, time\nprint('main runs')\nend = time.ticks_add(time.ticks_ms(), 300)\n"
        "while time.ticks_diff(end, time.ticks_ms()) > 0: gc.collect()\ntime.sleep(9)\n"
    )
    until(lambda: b"main runs\r\n" in board.said)
    with open(board.port, "wb", buffering=0) as port:
        port.write(b"\x03")
    until(lambda: b"KeyboardInterrupt" in board.said)
    assert b'main.py", line 5' in board.said
