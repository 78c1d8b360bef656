"""The example applications do what their comments say."""

import json
import re
from pathlib import Path

from program import registered, run

EXAMPLES = Path(__file__).resolve().parent.parent.parent / "firmware" / "examples"
XYTE = """
sys.path.append("%s")
import xyte_app
xyte_app.PERIOD = 0
session = enroll.Session(config, port, log=log)
app = xyte_app.App(session)
pauses = [app.round() for _ in range(2)]
print(*pauses)
print("config", app.config)
"""
# what machine and port are on a board with deep sleep: each wake is a process of its own here
BOARD = """
import os
kept = "kept"
def memory(data=None):
    if data is not None:
        with open(kept, "wb") as file:
            file.write(data)
    try:
        with open(kept, "rb") as file:
            return file.read()
    except OSError:
        return b""
port.memory = memory
class machine:
    @staticmethod
    def deepsleep(ms):
        print("asleep", ms)
sys.modules["machine"] = machine
os.chdir(sys.argv[1].rpartition("/")[0])
exec(open("%s/deep_sleep.py").read())
"""


def test_the_xyte_application_reports_obeys_and_takes_its_configuration(sandbox, make, runtime):
    device = registered(make, "xyte", runtime)
    identity = json.loads(sandbox.log("xyte")[0].answer)["id"]
    for name in ("collect", "fly"):
        sandbox.xyte.queue_command(identity, name)
    sandbox.xyte.set_config(identity, {"volume": 11})
    assert run(device, XYTE % EXAMPLES) == ["config", "{'volume':", "11}"]
    known = {row["id"]: row for row in sandbox.xyte.devices()}[identity]
    assert known["telemetry"]["status"] == "online" and known["telemetry"]["telemetries"]["free_heap"] > 0
    outcomes = [(row["name"], row["status"], row["message"]) for row in sandbox.xyte.commands(identity)]
    assert outcomes[0][:2] == ("collect", "done") and "bytes free" in outcomes[0][2]
    assert outcomes[1] == ("fly", "failed", "no such command here")


def test_the_xyte_application_waits_longer_while_its_hub_is_away(sandbox, make, runtime):
    device = registered(make, "xyte", runtime, retry={"first": 10, "cap": 900})
    sandbox.fault("xyte", 2, 503, {"Retry-After": "77"})
    run(device, XYTE % EXAMPLES)
    pauses = [line for line in device.heard[-2].splitlines() if not line.startswith(("app:", "config"))]
    assert all(77 <= float(pause) <= 154 for pause in pauses[0].split())


def test_a_sleeper_asks_when_it_is_due_and_reports_once_it_is_registered(sandbox, make, runtime):
    device = make("xyte", runtime)
    sandbox.fault("xyte", 1, 503, {"Retry-After": "4000"})
    asleep = int(run(device, BOARD % EXAMPLES)[1])
    assert asleep == 3600000, "it wakes in between, because some chips sleep no longer"
    sandbox.clear_log()
    assert 3600000 >= int(run(device, BOARD % EXAMPLES)[1]) > 3500000
    assert not sandbox.log(), "it was not due yet"
    (device.folder / "kept").unlink()
    assert run(device, BOARD % EXAMPLES) == ["asleep", "900000"]
    assert run(device, BOARD % EXAMPLES) == ["asleep", "900000"]
    assert [entry.path.split("/")[-1] for entry in sandbox.log("xyte")] == ["devices", "telemetry", "telemetry"]


def test_a_sleeper_that_was_deleted_in_the_cloud_registers_again(sandbox, make, runtime):
    device = make("xyte", runtime)
    run(device, BOARD % EXAMPLES)
    first = json.loads(sandbox.log("xyte")[0].answer)["id"]
    sandbox.xyte.delete(first)
    sandbox.clear_log()
    assert run(device, BOARD % EXAMPLES) == ["asleep", "900000"]
    assert [(it.path.split("/")[-1], it.status) for it in sandbox.log("xyte")] == [
        ("telemetry", 401),
        ("telemetry", 401),
        ("devices", 201),
        ("telemetry", 200),
    ]
    assert run(device, BOARD % EXAMPLES) == ["asleep", "900000"]


def test_a_sleeper_sleeps_whatever_happens_and_prints_it(sandbox, make, runtime):
    device = make("xyte", runtime)
    sandbox.fault("xyte", 1, 403)
    run(device, BOARD % EXAMPLES)
    assert "refused: the service says 403" in device.heard[-2]
    good = device.path.read_text()
    (device.folder / "kept").unlink()
    gone = "import os\nos.remove(sys.argv[1])\n"
    assert run(device, gone + BOARD % EXAMPLES) == ["asleep", "900000"]
    assert "configuration: " in device.heard[-2]
    device.path.write_text(good)
    broken = "def broken(networks):\n    raise RuntimeError('Wifi Out of Memory')\nport.connect = broken\n"
    said = run(device, broken + BOARD % EXAMPLES)
    assert said[0] == "asleep" and "Memory" in device.heard[-2]
    (device.folder / "kept").unlink()
    assert run(device, BOARD % EXAMPLES) == ["asleep", "900000"]
    sandbox.fault("xyte", 1, 503, {"Retry-After": "2000"}, path="telemetry")
    asleep = int(run(device, BOARD % EXAMPLES)[1])
    assert asleep == 900000, "a response is not an error"


def test_the_smallest_integration_of_the_docs_registers_and_has_a_session(make, runtime):
    page = (EXAMPLES.parent.parent / "docs/integrate.md").read_text()
    listing = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]
    device = make("xyte", runtime)
    there = "import os\nos.chdir(sys.argv[1].rpartition('/')[0])\n"
    said = run(device, there + listing + 'print(session.request("GET", "/v1/devices/{id}/config").status_code)')
    assert said == ["200"]
