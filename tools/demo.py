"""Registers a device with each service of the sandbox, boots all of them again, and shows each step."""

import shutil
import subprocess
import sys
import time
from dataclasses import dataclass

import click
import mosquitto
import mqtt_clients
from boxed import Boxed
from devices import ROOT, SERVICES, Device, configuration, create
from enroll_tools.sandbox import Sandbox
from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from runtimes import preferred

FOLDER = ROOT / ".cache" / "demo"


@dataclass
class Boot:
    """What one boot said and took."""

    outcome: str
    milliseconds: float


class Demo:
    """One device in each service of `sandbox`; `failed` once something did not go as it should."""

    def __init__(self, sandbox: Sandbox, console: Console, runtime: str) -> None:
        self.sandbox = sandbox
        self.console = console
        self.runtime = runtime
        self.devices = {service: Device(FOLDER / service, runtime) for service in SERVICES}
        self.failed = False

    def say(self, text: str) -> None:
        """Print a line as it is, indented."""
        line = Padding(Text(text, overflow="fold"), (0, 0, 0, 4)) if self.console.is_terminal else f"    {text}"
        self.console.print(line, markup=False, soft_wrap=not self.console.is_terminal)

    def boot(self, service: str, *arguments: str) -> Boot:
        """Boot the device of `service`, printing its progress line by line as it comes."""
        device = self.devices[service]
        start = time.perf_counter()
        command = device.command("--once", *arguments)
        with subprocess.Popen(
            command, env=device.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            lines = []
            try:
                for line in process.stdout or ():
                    lines.append(line.strip())
                    self.say(lines[-1])
            finally:
                if process.poll() is None:
                    process.kill()
        self.failed |= process.returncode != 0
        return Boot(lines[-1] if lines else "", (time.perf_counter() - start) * 1000)

    def seen(self, service: str) -> int:
        """Show what the service saw since the last look; returns how many requests."""
        entries = self.sandbox.log(service)
        for entry in entries:
            self.say(f"the service saw: {entry.method} {entry.path} -> {entry.status}")
        self.sandbox.clear_log()
        return len(entries)

    def register(self) -> dict[str, tuple[Boot, int]]:
        """Create and enable a device in each service, and boot it: {service: (boot, requests)}."""
        found = {}
        for service, device in self.devices.items():
            device.write(configuration(self.sandbox, service, create(self.sandbox, service)))
            self.console.print(f"\n[bold]{service}[/]: a device is created and enabled; its first boot:")
            found[service] = (self.boot(service), self.seen(service))
        return found

    def again(self) -> dict[str, tuple[Boot, int]]:
        """Boot all devices once more, without a packet: {service: (boot, packets)}."""
        self.console.print("\n[bold]All boot again[/], with the credential that they have kept:")
        found = {}
        for service in self.devices:
            found[service] = (self.boot(service), len(self.sandbox.log()))
        packets = len(self.sandbox.log())
        self.failed |= packets > 0
        self.say(f"Sandbox and NTP server saw {packets or 'no'} packets.")
        return found

    def deleted(self) -> None:
        """Delete the Xyte device in the portal and let its application go on."""
        self.console.print("\n[bold]xyte[/]: the device is deleted in the portal; its application goes on:")
        self.sandbox.xyte.delete(self.sandbox.xyte.devices()[0]["id"])
        self.sandbox.clear_log()
        last = self.boot("xyte", "--app").outcome
        self.failed |= not last.endswith("HTTP 200")
        self.seen("xyte")

    def boxed(self) -> None:
        """Give a device out of the box its Wi-Fi, and let it publish to a broker, if that can be had here."""
        self.console.print("\n[bold]Out of the box[/]: a device without a network, and an MQTT broker:")
        try:
            mosquitto.fetch()
            mqtt_clients.fetch()
        except click.ClickException as error:
            self.say(f"left out: {error.message}")
            return
        self.failed |= not Boxed(FOLDER, self.sandbox, self.runtime, self.say).run()

    def table(self, first: dict[str, tuple[Boot, int]], second: dict[str, tuple[Boot, int]]) -> Table:
        """Both boots of every device, side by side."""
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
        for title in ("service", "device id", "1st ms", "2nd ms", "sent"):
            table.add_column(title, no_wrap=True, justify="right" if "ms" in title else "left")
        for service in self.devices:
            (boot, requests), (later, more) = first[service], second[service]
            times = (f"{boot.milliseconds:.0f}", f"{later.milliseconds:.0f}")
            table.add_row(service, later.outcome.split(" ")[-1], *times, f"{requests}+{more}")
        return table


@click.command()
@click.option("--short", is_flag=True, help="Leave out the last part, for which MQTT's programs are fetched.")
def main(short: bool) -> None:
    """Register a device with each service of the sandbox, boot them all again, delete one, and show every step. Then
    give one its Wi-Fi, and let it publish over MQTT."""
    console = Console(highlight=False)
    runtime = preferred()  # fetched, if need be, before anything is timed
    shutil.rmtree(FOLDER, ignore_errors=True)
    with Sandbox(FOLDER / "sandbox") as sandbox:
        address = sandbox.url("etherfax").removesuffix("/etherfax/rest/2.0/api")
        console.print(
            f"The sandbox listens on {address}, NTP on {sandbox.ntp}; its CA is new.", soft_wrap=not console.is_terminal
        )
        demo = Demo(sandbox, console, runtime)
        first = demo.register()
        second = demo.again()
        table = demo.table(first, second)
        demo.deleted()
        if not short:
            demo.boxed()
    console.print()
    console.print(table)
    console.print("ms: from power on to exit; sent: requests of the first boot and of the second;")
    console.print(f"the credentials are in {FOLDER.relative_to(ROOT)}/<service>/state/")
    sys.exit(demo.failed)


if __name__ == "__main__":
    main()
