"""Shows what the library costs a device: bytes of flash as .mpy, and the smallest heaps that it boots with.

The heaps are found by trying on 32-bit ports, whose objects are as large as those of ESP32 and RP2: `oldest-32`, which
has TLS outside of that heap, as ESP32 has, and `chip`, which has it inside, as RP2 has.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from devices import FIRST, ROOT, SERVICES, Device, configuration, create
from enroll_tools.sandbox import Sandbox
from figures import places, ready
from held import held
from packages import LIBRARY, build_romfs, compiled
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from runtimes import micropython

# What a first boot as firmware/examples describes it does not load (test_size.py takes it away): what comes after
# registration, devices that sleep, a parent's children, an administrator's login,
APART = {"session.py", "requests.py", "renew.py", "sleep.py", "reset.py", "token.py"}
APART |= {"broker.py", "mqtt.py", "mqtt_client.py", "mqtt_config.py", "mqtt_stream.py", "mqtt_simple2.py"}
APART |= {"mqtt_refused.py"}
APART |= {str(path.relative_to(LIBRARY)) for path in LIBRARY.glob("providers/*/mqtt.py")}
APART |= {"basic.py", "providers/xyte/child.py", "providers/centagate/login.py"}
APART |= {"httpclock.py", "httpdate.py"}  # for a Date,
APART |= {"mistakes.py", "tlserror.py"}  # for what is wrong in enroll.json and in TLS,
APART |= {"failed.py", "backoff.py"}  # for attempts that fail,
APART |= {"networks.py", "onboarding.py", "improv.py", "portal.py", "visit.py"}  # for a device without a network,
APART |= {"scalars.py", "values.py", "ipv4.py"}  # for what only some enroll.json have: numbers, times, addresses,
APART |= {"inflate.py", "providers/answer_cut.py", "providers/answer_refused.py"}  # for odd answers and refusals,
APART |= {
    "steps.py",
    "foreign.py",
    "providers/other_steps.py",
    "providers/post_form.py",
}  # for providers that poll, and for an application's own requests function,
APART |= {"extra_secrets.py", "rewrite.py"}  # for what an application looks at, and for an odd enroll.json
APART |= {f"providers/oauth/{name}.py" for name in ("client", "confidential", "undecided", "code", "renewal")}
APART |= {str(path.relative_to(LIBRARY)) for path in LIBRARY.glob("providers/*/refused.py")}
APART |= {"providers/azure/hub.py"}  # for a registered device,
APART |= {f"providers/rest/{name}.py" for name in ("beside", "dates", "later", "resume", "mistaken")}  # few need these
READS = {f"providers/rest/{name}.py" for name in ("description", "expression")}  # only while enroll.json is read
READS |= {"providers/azure/serial.py"}
NETWORK = [{"ssid": "factory", "password": "not-a-real-password"}]  # as a board's enroll.json has one
BUDGET = {
    "flash": 22528,
    "provider": 1536,
    "rest": 2560,
    "session.py": 2048,
    "improv.py": 1536,
    "portal.py": 3072,
    "broker.py": 2048,
    "mqtt.py": 2048,
    "mqtt_client.py": 2048,
    "mqtt_config.py": 2048,
    "mqtt_stream.py": 2048,
    "first rom": 24576,
    "first mpy": 38912,
    "second mpy": 20480,
    "TLS rom": 53248,
    "TLS mpy": 69632,
}
HEAPS = {  # the rows of heaps: what each is, its runtime, RSA keys
    "first": ("first boot", "oldest-32", False),
    "late": ("first boot that collects only once the heap is full", "oldest-32", False),
    "second": ("second boot", "oldest-32", False),
    "TLS": ("first boot with TLS in the heap, ECDSA P-256", "chip", False),
    "TLS-RSA": ("first boot with TLS in the heap, RSA-2048", "chip", True),
    "Improv": ("first boot with TLS in the heap, ECDSA P-256, that Improv gives its network", "chip", False),
}
PORT = "`port.py`, `link.py` and `board.py` of "
FIRMWARE = {  # what a board loads besides the library at a first boot that goes well
    "`main.py`": ("firmware/main.py",),
    PORT + "ESP32": ("boards/esp32/port.py", "boards/link.py", "boards/ESP32_GENERIC/board.py"),
    PORT + "RP2": ("boards/rp2/port.py", "boards/link.py", "boards/RPI_PICO_W/board.py"),
}
PROVIDER = "etherfax"  # of the devices whose heaps are measured
FORMS = {"rom": "code in ROMFS", "mpy": "code from .mpy"}
STEP = 124  # bytes; heaps are found to this, which halves of the range from 4096 to LARGEST come to
BOOTS = 20  # in a row that end well, which shows that a heap suffices
LARGEST = 131072  # bytes of the largest heap that is tried
START = """
import sys
{mount}
import main
sys.exit(main.main(["enroll.json", "--once"]))
"""
MOUNT = """
import vfs
with open("../rom", "rb") as file:
    image = bytearray({size})  # in one piece from the start, which leaves no hole
    file.readinto(image)
vfs.mount(vfs.VfsRom(memoryview(image)), "/rom")
sys.path.insert(0, "/rom")
del vfs, file, image
"""


def compile_all(target: Path) -> dict[str, int]:
    """Compile library, port and firmware into `target`; returns the bytes of each module of the library."""
    shutil.rmtree(target, ignore_errors=True)
    sizes = {}
    sources = {path: Path("enroll") / path.relative_to(LIBRARY) for path in sorted(LIBRARY.rglob("*.py"))}
    sources |= {path: Path(path.name) for path in (ROOT / "boards/unix/port.py", ROOT / "firmware/main.py")}
    for source, name in sources.items():
        size = compiled(source, target / name.with_suffix(".mpy"))
        if source.is_relative_to(LIBRARY):
            sizes[str(source.relative_to(LIBRARY))] = size
    return sizes


def needed(provider: str) -> set[str]:
    """The modules that a first boot with `provider` may need, from their imports wherever in a function they stand."""
    todo, found = {"__init__.py", "enroller.py", f"providers/{provider}/__init__.py", "providers/__init__.py"}, set()
    while todo:
        name = todo.pop()
        found.add(name)
        todo |= {it for it in imports(LIBRARY / name) if it not in found | APART}
    return found


def imports(path: Path) -> Iterator[str]:
    """Modules of the library that the module at `path` imports."""
    import ast

    tree = ast.parse(path.read_text())
    if path == LIBRARY / "__init__.py":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = path.parents[node.level - 1]
            names = [node.module.replace(".", "/")] if node.module else [alias.name for alias in node.names]
            for name in names:
                for candidate in (base / f"{name}.py", base / name / "__init__.py"):
                    if candidate.exists():
                        yield str(candidate.relative_to(LIBRARY))


class Heaps:
    """Boots a device of PROVIDER on `runtime`, a 32-bit port, with heaps of given sizes."""

    network: list[dict[str, str]] = NETWORK
    start = START
    more: tuple[str, ...] = ()  # files of boards/ besides port.py

    def __init__(self, sandbox: Sandbox, folder: Path, runtime: str) -> None:
        self._sandbox = sandbox
        self._micropython = str(micropython(runtime))
        self._device = Device(folder / "device", runtime)
        self._mpy = folder / "mpy"
        self._image = folder / "rom"
        compile_all(self._mpy)
        for name in self.more:
            compiled(ROOT / "boards" / name, self._mpy / Path(name).with_suffix(".mpy").name)
        for it in (self._mpy / "enroll" / "providers").iterdir():
            if it.is_dir() and it.name != PROVIDER:
                shutil.rmtree(it)  # so that the image, which the heap has to hold here, leaves main.py its small heap
        build_romfs(self._image, self._mpy)
        self._count = 0

    def boots(self, heap: int, how: str, first: bool) -> bool:
        """Whether a boot from `how` registers: "mpy", or "rom" with its image outside of `heap`. `first`: a new one."""
        return self.boot(heap, how, first).returncode == 0

    def boot(self, heap: int, how: str, first: bool) -> subprocess.CompletedProcess[str]:
        """What `boots` asks about, as a process that has ended."""
        if first:
            self._count += 1
            shutil.rmtree(self._device.folder, ignore_errors=True)
            config = configuration(self._sandbox, PROVIDER, create(self._sandbox, PROVIDER, str(self._count)))
            self._device.write(
                {**config, "network": self.network, "ca": "ca.der"}
            )  # relative paths: their length counts
            shutil.copy(self._sandbox.ca_der, self._device.folder / "ca.der")
        rom = how == "rom"
        image = self._image.stat().st_size if rom else 0
        script = self.start.format(mount=MOUNT.format(size=image) if rom else "")
        size = heap + image * 524 // 512  # with its share of the collector's tables, 12 bytes for each 512
        command = [self._micropython, "-X", f"heapsize={size}", "-c", script]
        environment = {"MICROPYPATH": ".frozen" if rom else "../mpy:.frozen"}
        return self.run(command, environment)

    def run(self, command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """Run `command`, in which the device boots, to its end."""
        return subprocess.run(
            command, cwd=self._device.folder, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    def smallest(self, how: str, first: bool) -> int:
        """The smallest heap in bytes, to STEP, with which BOOTS end well, one after the other.

        One boot shows little: with some hundred bytes less than it takes, some still end well.
        """
        low, high = 4096, LARGEST
        if not self.boots(high, how, True):
            raise click.ClickException(f"no boot from {how} even with {high} bytes of heap")
        while high - low > STEP:
            middle = (low + high) // 2
            if self.boots(middle, how, first):
                high = middle
            else:
                low = middle
        while not all(self.boots(high, how, first) for _ in range(BOOTS)):
            high += STEP
        return high


class LateHeaps(Heaps):
    """The same without the `gc.threshold` of main.py."""

    start = """
import sys
{mount}
import gc, main
gc.threshold(-1)
sys.exit(main.main(["enroll.json", "--once"]))
"""


def flash() -> dict[str, Any]:
    """Bytes of flash: of each module, and of all that each provider needs on a first boot."""
    with tempfile.TemporaryDirectory() as folder:
        modules = compile_all(Path(folder))
        out = Path(folder) / "it.mpy"
        firmware = {name: sum(compiled(ROOT / it, out) for it in files) for name, files in FIRMWARE.items()}
    sets = {provider: needed(provider) for provider in SERVICES}
    common = set.intersection(*sets.values())
    own = {name: {it for it in needed(name) - READS if it.startswith(f"providers/{name}/")} for name in SERVICES}
    shared = set[str]().union(*sets.values()).difference(common, READS, *own.values())
    return {
        "modules": modules,
        "first boot": {provider: sum(modules[name] for name in sets[provider]) for provider in FIRST},
        "firmware": firmware,
        "further provider": {provider: sum(modules[name] for name in names) for provider, names in own.items()},
        "while enroll.json is read": {name: modules[name] for name in sorted(READS)},
        "shared": {name: modules[name] for name in sorted(shared)},
        "afterwards": {name: modules[name] for name in sorted(APART)},
    }


def heaps(progress: Progress) -> dict[str, int]:
    """Smallest heaps in bytes of first and second boots."""
    from size_boxed import BoxedHeaps  # here, since it needs this module

    task = progress.add_task("heaps", total=len(HEAPS) * len(FORMS))
    others: dict[str, type[Heaps]] = {"Improv": BoxedHeaps, "late": LateHeaps}
    found = {}
    for row, (_, runtime, rsa) in HEAPS.items():
        with tempfile.TemporaryDirectory() as folder, Sandbox(rsa=rsa) as sandbox:
            boots = others.get(row, Heaps)(sandbox, Path(folder), runtime)
            for how in FORMS:
                found[f"{row} {how}"] = boots.smallest(how, row != "second")
                progress.advance(task)
    return found


def show(figures: dict[str, Any], console: Console) -> None:
    """Print the figures beside their budgets."""
    modules = Table("module", "bytes of .mpy", title="flash, mpy-cross -O2")
    for name, size in figures["flash"]["modules"].items():
        modules.add_row(name, str(size))
    console.print(modules)
    budgets = Table("what", "bytes", "budget")
    for provider, size in figures["flash"]["first boot"].items():
        budgets.add_row(f"flash for a first boot with {provider}", str(size), str(BUDGET["flash"]))
    for name, size in figures["flash"]["firmware"].items():
        budgets.add_row(f"besides: {name.replace('`', '')}", str(size), "")
    for provider, size in figures["flash"]["further provider"].items():
        budgets.add_row(f"{provider} as a further provider", str(size), str(BUDGET.get(provider, BUDGET["provider"])))
    for name, size in figures["flash"]["while enroll.json is read"].items():
        budgets.add_row(f"only while enroll.json is read: {name}", str(size), "")
    for name, size in figures["flash"]["shared"].items():
        budgets.add_row(f"for each provider that wants it: {name}", str(size), "")
    for name, size in figures["flash"]["afterwards"].items():
        budgets.add_row(f"afterwards: {name}", str(size), str(BUDGET.get(name, "")))
    for name, size in figures.get("held", {}).items():
        budgets.add_row(f"heap held while loaded from .mpy: {name}", str(size), "")
    for name, size in figures.get("heap", {}).items():
        row, how = name.split(" ")
        budgets.add_row(f"smallest heap, {HEAPS[row][0]}, {FORMS[how]}", str(size), str(BUDGET.get(name, "")))
    console.print(budgets)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--flash", "only_flash", is_flag=True, help="Leave out the heaps, which take longer: devices are booted for them."
)
@click.option("--write", is_flag=True, help="Write docs/size.md, too.")
def main(as_json: bool, only_flash: bool, write: bool) -> None:
    """Show the bytes of flash and the smallest heaps, next to their budgets."""
    if write and only_flash:
        raise click.UsageError("--write wants the heaps, too: leave out --flash")
    if write:
        import size_page  # here, since it needs this module

        ready(size_page.PAGE)
        places(size_page.PAGE, size_page.PLACES)
    figures: dict[str, Any] = {"flash": flash()}
    if not only_flash:
        with tempfile.TemporaryDirectory() as folder:
            compile_all(Path(folder))
            figures["held"] = held(Path(folder))
        with Progress(console=Console(stderr=True), transient=True) as progress:
            figures["heap"] = heaps(progress)
    if write:
        size_page.write(figures)
    if as_json:
        click.echo(json.dumps(figures, indent=1))
    else:
        show(figures, Console())


if __name__ == "__main__":
    main()
