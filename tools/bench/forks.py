"""Starts MicroPython and measures it: a process of its own, which `boots.Starter` talks to, a JSON object a line.

It stays small and has no threads, so that a fork costs little and copies nothing in between. `newest` is a module of
CPython, which is imported once: its own start, which no device has, is in no figure.
"""

import json
import os
import signal
import sys
import tempfile
import time
from typing import Any


def start(job: dict[str, Any], out: int, err: int) -> None:
    """Become the MicroPython that `job` describes. Does not return."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a module of CPython would go on to its end
    signal.alarm(job["longest"])  # which ends it
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.chdir(job["folder"])
    if job["module"]:
        from micropython_run import run_main  # imported before: this finds it

        for name, value in job["environment"].items():
            os.environ[name] = value
        os._exit(run_main(job["command"]))
    os.execve(job["command"][0], job["command"], {**os.environ, **job["environment"]})


def measured(job: dict[str, Any], out: int, err: int) -> dict[str, Any]:
    """Run `job` to its end: its exit status, what it printed, seconds of time and of the processor."""
    for file in (out, err):
        os.ftruncate(file, 0)
        os.lseek(file, 0, os.SEEK_SET)
    before = time.perf_counter()
    child = os.fork()
    if not child:
        try:
            start(job, out, err)
        finally:
            os._exit(70)
    _, status, used = os.wait4(child, 0)
    took = time.perf_counter() - before
    said = [os.pread(file, 1 << 16, 0).decode(errors="replace") for file in (out, err)]
    return {
        "status": os.waitstatus_to_exitcode(status),
        "out": said[0],
        "err": said[1],
        "seconds": took,
        "cpu": used.ru_utime + used.ru_stime,
    }


def main(site: str) -> None:
    """Serve until stdin ends. `site`: where the module is that is `newest`; empty without it."""
    if site:
        sys.path.append(site)
        import micropython_run  # noqa: F401
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        for line in sys.stdin:
            print(json.dumps(measured(json.loads(line), out.fileno(), err.fileno())), flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:  # those that started this say so
        sys.exit(130)
