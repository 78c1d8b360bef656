"""Programs of an application, run by MicroPython where a device's firmware would run."""

from runtime import micropython

PRELUDE = """
import sys
import enroll
import port
config = enroll.Config.load(sys.argv[1])
def log(line):
    print(line, file=sys.stderr)
"""


def run(device, program):
    """Run `program` after the prelude; returns the words of the last line that it prints."""
    script = device.folder / "program.py"
    script.write_text(PRELUDE + program)
    done = device.run([str(micropython(device.width)), str(script), str(device.path)])
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()
