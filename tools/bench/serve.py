"""A sandbox in a process of its own, with devices that may register: prints their enroll.json, one JSON list, and
serves until its stdin ends."""

import contextlib
import json
import sys

from enroll_tools.sandbox import Sandbox
from enroll_tools.sandbox.samples import configuration, create


def main(service: str, number: int) -> None:
    """Serve `number` devices of `service`."""
    with Sandbox() as sandbox:
        names = map(str, range(1, number + 1))
        with sandbox.services[service].state.transaction():
            configs = [configuration(sandbox, service, create(sandbox, service, name)) for name in names]
        print(json.dumps(configs), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C is for those that started this
        main(sys.argv[1], int(sys.argv[2]))
