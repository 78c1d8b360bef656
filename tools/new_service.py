"""Begins a service of your own, from what docs/add-a-service.md shows: `make new-service NAME=acme`."""

from __future__ import annotations

import json
import keyword
import os
import re
import subprocess
import sys
from pathlib import Path

import click
from devices import ROOT

GUIDE = "docs/add-a-service.md"
SCHEMA = "tools/enroll_tools/enroll.schema.json"
PAGE = """\
# {title}

What {title} is, what it gives a device, and how often.

## Over the wire

What the device sends, and what comes back.

## enroll.json

`firmware/examples/{name}.json` is a whole one. The section `{name}`:

| key | meaning |
|---|---|
| `serial` | from the board if left out |
| `pin` | a secret |
| `name` | how the portal shows the device; may be left out |

## Outcomes

- `refused`: nobody has created the device in the portal.

[Outcomes](../outcomes.md) has all kinds.

## In its portal

What a person does there before the first boot, and before a device registers again.
"""

MAP = "host_tests/README.md"
SECTION = "### docs/services and docs/add-a-service.md"

NEXT = """
They work, with the invented rules of {guide}. Next:

1. Replace these rules with those of your service in __init__.py and
   test_{name}.py, one at a time. After each:

       make test TESTS=host_tests/unit/test_{name}.py

   The first run also builds a MicroPython, which takes some minutes;
   RUNTIMES=newest tests without it.
2. Correct the example, and fill in the page.
3. To try it with the whole firmware, write a stand-in beside those in
   tools/enroll_tools/sandbox/services/."""


def blocks(kind: str) -> list[str]:
    """The blocks of the guide that are fenced as `kind`."""
    return re.findall(rf"```{kind}\n(.*?)```", (ROOT / GUIDE).read_text(), re.DOTALL)


def files(name: str) -> dict[str, str]:
    """{path: text} of a new service, as the guide shows Acme's."""
    provider, test = blocks("python")
    [example] = blocks("json")
    title = name.capitalize()
    shown = {
        f"lib/enroll/providers/{name}/__init__.py": provider,
        f"host_tests/unit/test_{name}.py": test,
        f"firmware/examples/{name}.json": example,
    }
    own = {path: text.replace("acme", name).replace("Acme", title) for path, text in shown.items()}
    return {**own, f"docs/services/{name}.md": PAGE.format(title=title, name=name)}


def listed(folder: Path, name: str) -> str:
    """package.json of the checkout `folder`, with the new module in it."""
    package = json.loads((folder / "package.json").read_text())
    module = f"enroll/providers/{name}/__init__.py"
    urls = ",\n  ".join(json.dumps(it) for it in sorted([*package["urls"], [module, f"lib/{module}"]]))
    return f'{{\n "version": {json.dumps(package["version"])},\n "urls": [\n  {urls}\n ]\n}}\n'


def mapped(folder: Path, name: str) -> str:
    """The map of the tests in the checkout `folder`, with the new one at the end of its table."""
    before, heading, after = (folder / MAP).read_text().partition(SECTION)
    rows, end, rest = after.partition("|\n\n")
    row = f"| {name.capitalize()}: registration | `unit/test_{name}.py` "
    return f"{before}{heading}{rows}|\n{row}{end}{rest}"


def keys() -> set[str]:
    """The keys at the top of enroll.json, where a provider's section stands too: its name must be another."""
    properties = json.loads((ROOT / SCHEMA).read_text())["properties"]
    return {key for key in properties if not (ROOT / "lib/enroll/providers" / key).is_dir()}


def describe(folder: Path) -> None:
    """Let the schema of enroll.json have the new service, too."""
    command = [sys.executable, "tools/schema_of_config.py"]
    environment = {**os.environ, "PYTHONPATH": "tools"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise click.ClickException(f"the schema of enroll.json cannot be made:\n{done.stderr.strip()[-1000:]}")
    click.echo(done.stdout.strip())


@click.command()
@click.argument("name")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=ROOT)
def main(name: str, folder: Path) -> None:
    """Write provider, test, example and page of the service NAME into the checkout FOLDER.

    All of it passes `make test` as it is written: replace one rule at a time.
    """
    if not re.fullmatch("[a-z]{2,16}", name) or keyword.iskeyword(name):
        raise click.UsageError("NAME is the `provider` of enroll.json: 2 to 16 small letters, and no word of Python")
    if name in keys():
        raise click.UsageError(f"`{name}` is a key of enroll.json already: choose another NAME")
    wanted = files(name)
    there = [path for path in (f"lib/enroll/providers/{name}", *wanted) if (folder / path).exists()]
    if there:
        raise click.ClickException(f"{there[0]} is there already: choose another NAME")
    for path, text in wanted.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
        click.echo(path)
    describe(folder)
    (folder / MAP).write_text(mapped(folder, name))
    click.echo(MAP)
    (folder / "package.json").write_text(listed(folder, name))
    click.echo("package.json")
    click.echo(NEXT.format(name=name, guide=GUIDE))


if __name__ == "__main__":
    main()
