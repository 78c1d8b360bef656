"""What docs/services/ says of each service (wire, portal, afterwards), against the sandbox."""

import importlib
import json
import re
import shutil
from pathlib import Path

from click.testing import CliRunner
from devices import ROOT
from enroll_tools.sandbox.cli import main
from outcome import status
from runtimes import micropython

PAGES = ROOT / "docs" / "services"
SUCCESS = {"etherfax": "200", "ickstream": "200", "xyte": "200", "centagate": "user-"}


def blocks(service: str, language: str) -> list[str]:
    """The blocks of a page in one language."""
    text = (PAGES / f"{service}.md").read_text()
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def keys(value: object) -> object:
    """The keys of a JSON object, and of the objects in it."""
    return {key: keys(inner) for key, inner in value.items()} if isinstance(value, dict) else None


def test_the_example_is_the_one_for_boards(service: str) -> None:
    example = json.loads((ROOT / "firmware" / "examples" / f"{service}.json").read_text())
    assert json.loads(blocks(service, "json")[1]) == example


def test_every_key_of_a_section_is_explained(service: str) -> None:
    table = importlib.import_module(f"enroll.providers.{service}").TABLE
    page = (PAGES / f"{service}.md").read_text()
    rows = "".join(line.split("|")[1] for line in page.splitlines() if line.startswith("| `"))
    assert {item[:-2] for item in table.split(" ")} <= set(re.findall(r"`(\w+)`", rows))


def test_the_wire_is_as_the_page_shows_it(sandbox, make, service) -> None:
    device = make(service)
    sent = json.loads(device.path.read_text())[service]
    shown = json.loads(blocks(service, "json")[1])[service]
    assert device.boot().returncode == 0
    (entry,) = sandbox.log(service)
    head, _, body = blocks(service, "http")[0].partition("\n\n")
    (method, path, _), *headers = [line.split(" ") for line in head.splitlines()]
    for key in shown.keys() & sent.keys():
        path = path.replace(str(shown[key]), str(sent[key])) if len(str(shown[key])) > 1 else path
    path, _, query = path.partition("?")
    real, _, really = entry.path.partition("?")
    assert entry.method == method and real.endswith(path.rpartition("-cloud-core")[2])
    assert re.sub("=[^&]+$", "", query) == re.sub("=[^&]+$", "", really), "the token is another one every day"
    assert {name for name, *_ in headers} - {"Host:"} <= {f"{name}:" for name in entry.headers}
    assert ("Authorization:" in str(headers)) == ("Authorization" in entry.headers)
    assert keys(json.loads(body or "null")) == keys(json.loads(entry.body or "null"))
    assert keys(json.loads(blocks(service, "json")[0])) == keys(json.loads(entry.answer))


def test_afterwards_and_in_the_portal(sandbox, make, service) -> None:
    """The page's program works; a device that has lost all registers again once the portal's commands were typed."""
    device = make(service)
    good = json.loads(device.path.read_text())
    device_id = device.boot().stdout.split()[-1]
    program = device.folder / "program.py"
    program.write_text(f"import os\nos.chdir({str(device.folder)!r})\n{blocks(service, 'python')[0]}")
    done = device.run([str(micropython(device.runtime)), str(program)])
    assert done.stdout.startswith(SUCCESS[service]), done
    shutil.rmtree(device.folder / "state")
    device.write(good)
    assert status(device.boot(), "refused") == 77
    [commands] = blocks(service, "console")
    named = json.loads(blocks(service, "json")[1])[service]
    own = {str(named[key]): str(good[service][key]) for key in ("serial", "token_sn") if key in named}
    own |= {"DEVICE_ID": device_id, "alice": good[service].get("application_id", "").replace("application", "user")}
    for line in commands.splitlines():
        words = [own.get(word, word) for word in line.removeprefix("$ .venv/bin/enroll-sandbox ").split(" ")]
        typed = CliRunner().invoke(main, [*words, "--state", str(Path(sandbox.ca_pem).parent)])
        assert typed.exit_code == 0, typed.output
    if service == "ickstream":
        good[service]["registration_token"] = typed.output.strip()
        device.write(good)
    assert device.boot().returncode == 0


def test_a_board_of_each_service_can_be_tried(service: str) -> None:
    assert f'`make board ARGS="--new --provider {service}"`' in (PAGES / f"{service}.md").read_text()
