"""`make load`: Locust with two workers, and devices of all services, against a sandbox on this computer."""

import tempfile
from pathlib import Path

import click
from enroll_tools.sandbox import Sandbox

from . import firmware, fleet

firmware.install()
firmware.adapt(firmware.Turns())

from . import here  # noqa: E402

BUSY = 10  # the service answers 503 at first, as often as a tenth of its devices


@click.command()
@click.option("--devices", type=click.IntRange(1, 5000), default=250, show_default=True, help="Devices a service.")
@click.option("--seconds", default=60, show_default=True, help="It ends after so many, or when all are registered.")
def main(devices: int, seconds: int) -> None:
    """Register devices of all services at a sandbox, and compare their journals with its records."""
    with tempfile.TemporaryDirectory(prefix="load-") as name, Sandbox(log_rows=10**7) as sandbox:
        folder = Path(name)
        pairs = [here.tables(sandbox, service, devices, folder) for service in sandbox.services]
        for service in sandbox.services:
            sandbox.fault(service, times=max(devices // BUSY, 1), status=503, headers={"Retry-After": "2"})
        members = fleet.read(pairs, folder / "journals")
        here.run(pairs, folder, len(members), seconds)
        bad = here.report(sandbox, members, folder)
        if bad:
            said = (folder / here.SAID).read_text()
            raise click.ClickException(f"journals and the sandbox's records differ: see the table above, and\n{said}")


if __name__ == "__main__":
    main()
