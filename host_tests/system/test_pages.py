"""The programs and commands that api.md, integrate.md and outcomes.md show, on MicroPython, against the sandbox."""

import os
import re
import subprocess

from devices import ROOT
from program import registered, run
from runtimes import micropython


def listing(page: str, begins: str) -> str:
    """The Python in a page of docs/ that begins so."""
    found = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / page).read_text(), re.DOTALL)
    return next(it for it in found if it.startswith(begins))


def test_tasks_of_a_service(sandbox, make):
    device = registered(make, "xyte", None)
    [row] = [it for it in sandbox.xyte.devices() if it["id"] in str(device.boot().stdout)]
    sandbox.xyte.queue_command(row["id"], "blink")
    blink = "session = enroll.Session(config, port)\ndef blink(parameters):\n    return 'it blinks'\n"
    assert run(device, f"{blink}{listing('api.md', 'from enroll')}print('done')") == ["done"]
    assert [(it["status"], it["message"]) for it in sandbox.xyte.commands(row["id"])] == [("done", "it blinks")]


def test_beside_other_tasks(sandbox, make):
    device = make("xyte")
    end = """
async def other():
    task = asyncio.create_task(main())
    while not task.done() and not waiting:
        await asyncio.sleep_ms(5)
    task.cancel()
waiting = []
class asyncio_of_main:  # the page's program never ends: note that it has reached its pause
    @staticmethod
    async def sleep(seconds):
        waiting.append(seconds)
        await asyncio.sleep(seconds)
"""
    program = listing("integrate.md", "async def").replace("asyncio.sleep", "asyncio_of_main.sleep")
    said = run(device, f"import asyncio\n{program}{end}asyncio.run(other())\nprint(waiting)")
    assert said == ["[60]"]
    assert [entry.path.rpartition("/")[2] for entry in sandbox.log("xyte")] == ["devices", "command"]


def test_the_command_of_a_computer(sandbox, make):
    device = make("etherfax")
    [command] = re.findall(r"^    (MICROPYPATH=.*)", (ROOT / "docs/outcomes.md").read_text(), re.MULTILINE)
    command = re.sub(r"\[(.*?)\]", r"\1", command).replace("enroll.json", str(device.path))
    command = command.replace(" micropython ", f" {micropython(device.runtime)} ")
    done = subprocess.run(
        command, shell=True, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, timeout=50, check=False
    )
    device.heard += [done.stdout, done.stderr]
    assert done.returncode == 0 and "registered etherfax" in done.stdout, done
