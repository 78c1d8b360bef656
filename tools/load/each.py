"""Registers devices at each service of a sandbox, one after the other; prints what a registration takes the sandbox.

As JSON: by service, the microseconds of the processor in the sandbox's thread, the medians of 100 devices. Each
request comes on a connection of its own, and nothing is committed together, so it is the most that one takes.
"""

import json
import statistics
import sys
import threading
import time

from enroll_tools.sandbox import Sandbox

from . import firmware

firmware.install()

from enroll_tools.sandbox.tests.cpython_device import Firmware  # noqa: E402

DEVICES = 100


def main() -> None:
    """Measure."""
    with Sandbox() as sandbox:
        (thread,) = (it for it in threading.enumerate() if it.name == "sandbox")
        clock = time.pthread_getcpuclockid(thread.ident or 0)
        found = {}
        for name, service in sandbox.services.items():
            devices = [Firmware(sandbox, name, service.sample(str(number + 1))) for number in range(DEVICES)]
            took = []
            for device in devices:
                began = time.clock_gettime(clock)
                device.register()
                took.append(time.clock_gettime(clock) - began)
                if device.credential is None:
                    sys.exit(f"{name} registers no device: look at its tests")
            found[name] = statistics.median(took) * 1e6
    print(json.dumps(found))


if __name__ == "__main__":
    main()
