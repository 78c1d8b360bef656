"""Boots the firmware where the machine's clock is a file that libfaketime reads: what sets it sets the file.

Arguments: enroll.json, the file, and "set" or "ignore": whether the board sets its clock when it is told to.
"""

import sys
import time

import main
import port

path, file, action = sys.argv[1:]


def set_clock(unix_seconds):
    date = "@%04d-%02d-%02d %02d:%02d:%02d\n" % time.gmtime(unix_seconds)[:6]  # noqa: UP031
    with open(file, "w") as clock:
        clock.write(date)


if action == "set":
    port.set_clock = set_clock
sys.exit(main.main([path, "--once"]))
