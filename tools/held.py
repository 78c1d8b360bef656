"""The heap that parts of the library hold while they are loaded, from .mpy files on a 32-bit port."""

from __future__ import annotations

import subprocess
from pathlib import Path

from devices import ROOT
from packages import compiled
from runtimes import micropython

RUNTIME = "chip"
LOADED = ("enroll", "enroll.enroller", "enroll.commit", "enroll.failed", "link")  # before, whatever network works
PARTS = {  # each is loaded after those before it
    "what a device without a network shares": ("enroll.networks", "enroll.onboarding", "offline"),
    "improv.py": ("enroll.improv",),
    "portal.py and accesspoint.py": ("enroll.portal", "accesspoint"),
    "a session and its connection": ("enroll.http1", "enroll.requests", "enroll.session"),
    "MQTT besides, without umqtt.simple": ("enroll.broker", "enroll.mqtt", "enroll.mqtt_client"),
}
UMQTT = "class MQTTException(Exception):\n    pass\n\nclass MQTTClient:\n    pass\n"  # a client is not counted
SCRIPT = """
import gc
def used():
    gc.collect()
    gc.collect()
    return gc.mem_alloc()
for name in {loaded!r}:
    __import__(name)
for names in {parts!r}:
    before = used()
    for name in names:
        __import__(name)
    print(used() - before)
"""


def held(folder: Path) -> dict[str, int]:
    """Bytes of heap by part. `folder`: has the library as bytecode; what boards add is compiled into it."""
    for name in ("link", "offline", "accesspoint"):
        compiled(ROOT / "boards" / f"{name}.py", folder / f"{name}.mpy")
    (folder / "umqtt").mkdir(exist_ok=True)
    (folder / "umqtt" / "simple.py").write_text(UMQTT)
    command = [str(micropython(RUNTIME)), "-c", SCRIPT.format(loaded=LOADED, parts=tuple(PARTS.values()))]
    done = subprocess.run(
        command, cwd=folder, env={"MICROPYPATH": f"{folder}:.frozen"}, capture_output=True, text=True, check=True
    )
    return dict(zip(PARTS, map(int, done.stdout.split()), strict=True))
