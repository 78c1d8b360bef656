"""`schema`: the JSON Schema of enroll.json, for editors."""

from __future__ import annotations

import json

import click
from enroll_tools import schemas

from .bench import INPUTS


@click.command("schema")
@click.option("--device", is_flag=True, help="Of the file as the device reads it, without placeholders.")
def command(device: bool) -> None:
    """Print the JSON Schema of enroll.json, with which an editor completes and checks it.

    \b
    VS Code, in .vscode/settings.json, after
    `enroll-provision schema > enroll.schema.json`:
      "json.schemas": [{"fileMatch": ["enroll*.json"],
                        "url": "./enroll.schema.json"}]

    Commands check enroll.json by the device's own code; the schema says the same.
    """
    click.echo(json.dumps(schemas.device() if device else schemas.template(INPUTS), indent=1))
