"""README's program, and what it says of stock `requests`, on MicroPython."""

import re

from devices import ROOT
from runtimes import micropython


def test_its_program_registers_and_reports(sandbox, make, runtime):
    device = make("xyte", runtime)
    [program] = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    script = device.folder / "program.py"
    script.write_text(f"import os\nos.chdir({str(device.folder)!r})\n{program}")
    done = device.run([str(micropython(runtime)), str(script)])
    assert done.returncode == 0, done.stderr
    *_, device_id, status = done.stdout.splitlines()
    assert status == "200" and device_id in [entry["id"] for entry in sandbox.xyte.devices()]


def test_stock_requests_asks_an_expired_server_and_enroll_does_not(sandbox, make, runtime):
    device = make("etherfax", runtime, "https-expired")
    url = sandbox.url("etherfax", "https-expired") + "/devices"
    program = f"import requests\nprint(requests.get({url!r}).status_code)"
    assert device.run([str(micropython(runtime)), "-c", program]).stdout.strip() == "400"
    assert len(sandbox.log("etherfax")) == 1
    done = device.boot()
    assert done.stdout.startswith("enroll: certificate: "), done
    assert len(sandbox.log("etherfax")) == 1
