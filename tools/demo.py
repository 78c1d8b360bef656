"""Registers a device with each of the four services of the sandbox, boots all of them again, and shows each step."""

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass

import click
from devices import ROOT, SERVICES, Device, configuration, create
from rich import box
from rich.console import Console
from rich.table import Table
from runtime import micropython
from sandbox import Sandbox

FOLDER = ROOT / ".cache" / "demo"


@dataclass
class Boot:
    """What one boot said and took."""

    status: int
    outcome: str
    milliseconds: float


def boot(device: Device, console: Console) -> Boot:
    """Boot `device`, printing its progress line by line as it comes."""
    start = time.perf_counter()
    with subprocess.Popen(
        device.command("--once"), env=device.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        lines = []
        try:
            for line in process.stdout or ():
                lines.append(line.strip())
                console.print("    ", lines[-1], highlight=False, markup=False, soft_wrap=True)
        finally:
            if process.poll() is None:
                process.kill()
    return Boot(process.returncode, lines[-1] if lines else "", (time.perf_counter() - start) * 1000)


@click.command()
def main() -> None:
    """Register a device with each service of the sandbox, boot them all again, and show every step."""
    console = Console()
    micropython()  # fetched, if need be, before anything is timed
    shutil.rmtree(FOLDER, ignore_errors=True)
    devices = {service: Device(FOLDER / service) for service in SERVICES}
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for title in ("service", "device id", "1st ms", "2nd ms", "sent", "store"):
        table.add_column(title, no_wrap=True, justify="right" if "ms" in title else "left")
    failed = False
    with Sandbox(FOLDER / "sandbox") as sandbox:
        address = sandbox.url("etherfax").removesuffix("/etherfax/rest/2.0/api")
        console.print(f"The sandbox listens on {address}, NTP on {sandbox.ntp}; its CA is new.", soft_wrap=True)
        first, requests = {}, {}
        for service, device in devices.items():
            device.write(configuration(sandbox, service, create(sandbox, service)))
            console.print(f"\n[bold]{service}[/]: a device is created and enabled; its first boot:")
            first[service] = boot(device, console)
            entries = sandbox.log(service)
            requests[service] = len(entries)
            for entry in entries:
                text = f"     the service saw: {entry.method} {entry.path} -> {entry.status}"
                console.print(text, highlight=False, markup=False, soft_wrap=True)
        sandbox.clear_log()
        console.print("\n[bold]All four boot again[/], with the credential that they have kept:")
        for service, device in devices.items():
            second = boot(device, console)
            again = len(sandbox.log())
            name = second.outcome.split(" ")[-1]
            failed |= bool(first[service].status or second.status or again)
            slot = max(device.folder.glob("state/*/slot"), key=lambda path: path.stat().st_mtime_ns)
            times = (f"{first[service].milliseconds:.0f}", f"{second.milliseconds:.0f}")
            table.add_row(
                service, name, *times, f"{requests[service]}+{again}", str(slot.parent.relative_to(device.folder))
            )
        packets = len(sandbox.log())
        console.print(
            f"     sandbox and NTP server saw {packets} packets."
            if packets
            else "     The sandbox and its NTP server saw no packet."
        )
    console.print()
    console.print(table)
    console.print("ms: from power on to exit; sent: requests of the first boot and of the second;")
    console.print(f"stored below {FOLDER.relative_to(ROOT)}/<service>/")
    sys.exit(failed)


if __name__ == "__main__":
    main()
