"""The JSON Schema of enroll.json: for the file on a device, and for the one that a person edits."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_name("enroll.schema.json")  # tools/schema_of_config.py writes it

_ASKED = {"$ref": "#/definitions/asked"}
_DERIVED = ("device_key", "password")  # what a board gets in place of a secret of the bench
_PLACEHOLDERS = ("$env", "$file", "$prompt")


def device() -> dict[str, Any]:
    """What the device takes."""
    found: dict[str, Any] = json.loads(PATH.read_text(encoding="utf-8"))
    return found


def template(inputs: dict[str, str]) -> dict[str, Any]:
    """What `enroll-provision` takes: a placeholder may stand for any text.

    `inputs`: by section, the key of a secret of the bench that may stand in place of the device's own.
    """
    found = device()
    condition = found.pop("if")
    found = dict(_relaxed(found))
    found["if"] = condition | {"properties": {"url": {**condition["properties"]["url"], "type": "string"}}}
    for name, key in inputs.items():
        section = found["definitions"][name]
        section["properties"][key] = copy.deepcopy(_text())
        section["required"] = [it for it in section["required"] if it not in _DERIVED]
    found["definitions"]["asked"] = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in _PLACEHOLDERS},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
        "description": "A secret that enroll-provision fills in: from the environment, a file beside, or a prompt.",
    }
    return found


def _text() -> dict[str, Any]:
    return {"anyOf": [{"type": "string"}, _ASKED]}


def _relaxed(schema: Any) -> Any:
    """A schema that takes a placeholder wherever it takes a text."""
    if isinstance(schema, list):
        return [_relaxed(it) for it in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: it if key in ("propertyNames", "enum", "required") else _relaxed(it) for key, it in schema.items()}
    kinds = schema.get("type")
    return {"anyOf": [inner, _ASKED]} if kinds == "string" or (isinstance(kinds, list) and "string" in kinds) else inner
