"""Writes docs/services/rest.schema.json: what the section `rest` of enroll.json may hold, as a JSON Schema.

What a template is has to be one regular expression: functions stand in each other three deep at most.
"""

from __future__ import annotations

import json
from typing import Any

from devices import ROOT

PATH = ROOT / "docs" / "services" / "rest.schema.json"
ONE = ("url", "hex", "b64", "unb64", "md5", "sha256")
NAME = "[a-z][a-z0-9_]{0,31}"
RESERVED = ("serial", "mac", "now", "iso_now", "nonce", "body")
OWN = ("host", "connection", "content-length", "transfer-encoding")


def expression(deep: int = 3) -> str:
    """A pattern of a name, or of a function whose arguments hold up to `deep` - 1 others in each other."""
    if not deep:
        return f" *{NAME} *"
    inner = expression(deep - 1)
    return rf" *(?:{NAME}|(?:{'|'.join(ONE)}) *\({inner}\)|hmac_sha256 *\({inner},{inner}\)) *"


def template(literal: str) -> str:
    """A pattern of a template whose literal characters are `literal`."""
    return rf"^(?:{literal}|\{{{expression()}\}})"


def any_case(word: str) -> str:
    """A pattern of `word` in small and capital letters."""
    return "".join(f"[{char}{char.upper()}]" if char.isalpha() else char for char in word)


BLANK = {"type": "string", "pattern": r"^\s*$"}  # as good as left out


def optional(kind: str, **more: Any) -> dict[str, Any]:
    """A value of `kind` that may be left out."""
    return {"anyOf": [{"type": kind, **more}, {"type": "null"}, BLANK]}


def named(value: dict[str, Any], taken: tuple[str, ...]) -> dict[str, Any]:
    """An object from names to `value`, which may be left out."""
    pattern = rf"^(?!(?:{'|'.join(taken)})$){NAME}$"
    return optional("object", propertyNames={"pattern": pattern}, additionalProperties=value)


def section(names: dict[str, Any], needed: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object with the keys `names`, of which those `needed` must be there."""
    return {"type": "object", "properties": names, "required": list(needed), "additionalProperties": False}


def schema() -> dict[str, Any]:
    """The JSON Schema."""
    text = {"type": "string", "pattern": template("[^{}]") + "*$"}
    printable = {"type": "string", "pattern": "^[ -~]*[!-~][ -~]*$"}
    ascii_text = {"type": "string", "pattern": "^[ -~]+$"}
    header = {"type": "string", "pattern": template("[ -z|~]") + "+$"}
    names = {"pattern": rf"^(?!(?:{'|'.join(map(any_case, OWN))})$)[A-Za-z0-9_-]+$"}
    headers = optional("object", propertyNames=names, additionalProperties=header)
    seconds = optional("number", minimum=1, maximum=86400)
    rule = section(
        {
            "status": {"type": ["integer", "null"], "minimum": 200, "maximum": 599},
            "field": optional("string", pattern=printable["pattern"]),
            "value": {"type": ["string", "number", "boolean", "null"]},
            "means": {"enum": ["success", "pending", "refused", "server", "configuration"]},
            "seconds": seconds,
            "text": {"type": ["string", "null"]},
        },
        ("means",),
    )
    value = {"type": ["string", "number", "boolean"]}
    there = {"required": ["field", "value"], "properties": {"field": printable, "value": value}}
    absent = {"properties": {"status": {"type": "integer"}, "field": optional("null"), "value": {"type": "null"}}}
    rule["anyOf"] = [there, {"required": ["status"], **absent}]
    json_value = {
        "anyOf": [
            {"$ref": "#/definitions/template"},
            {"type": ["number", "boolean", "null"]},
            {"type": "array", "items": {"$ref": "#/definitions/json"}},
            {"type": "object", "additionalProperties": {"$ref": "#/definitions/json"}},
        ]
    }
    keys = {
        "method": {"enum": ["GET", "POST", "PUT", "PATCH", "DELETE"]},
        "path": {"type": "string", "pattern": "^(?=/)" + template(r"[!\x22\x24-z|~]")[1:] + "+$"},
        "headers": headers,
        "json": optional("object", additionalProperties={"$ref": "#/definitions/json"}),
        "form": optional("object", additionalProperties={"$ref": "#/definitions/template"}),
        "take": named(ascii_text, RESERVED),
        "answers": optional("array", items={"$ref": "#/definitions/rule"}),
    }
    both = {"properties": {"json": {"type": "object"}, "form": {"type": "object"}}, "required": ["json", "form"]}
    step = section(keys, ("method", "path"))
    resumed = section({**keys, "resume": seconds}, ("method", "path"))
    for it in (step, resumed):
        it["not"] = both
    takes = {"required": ["take"], "properties": {"take": {"type": "object", "required": ["secret"]}}}
    one = {"$ref": "#/definitions/step"}
    more = {"$ref": "#/definitions/resumed"}
    last = {"allOf": [more, takes]}
    steps = {
        "anyOf": [
            {"items": [{"allOf": [one, takes]}], "minItems": 1, "maxItems": 1},
            {"items": [one, last], "minItems": 2, "maxItems": 2},
            {"items": [one, more, {"allOf": [one, takes]}], "minItems": 3, "maxItems": 3},
            {"items": [one, {"allOf": [one]}, last], "minItems": 3, "maxItems": 3},
        ]
    }
    identity = {"anyOf": [{"type": "null"}, {**printable, "maxLength": 100}]}
    own = (*RESERVED, "id", "secret", "expires")
    whole = section(
        {
            "serial": identity,
            "mac": identity,
            "values": named({"allOf": [{"$ref": "#/definitions/template"}, {"minLength": 1}]}, own),
            "secrets": named(ascii_text, own),
            "steps": {"type": "array", **steps},
            "headers": headers,
            "refresh": optional("array", items=one, maxItems=3),
            "once": optional("boolean"),
        },
        ("steps",),
    )
    definitions = {"template": text, "json": json_value, "rule": rule, "step": step, "resumed": resumed}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "The section `rest` of enroll.json",
        **whole,
        "definitions": definitions,
    }


if __name__ == "__main__":
    PATH.write_text(json.dumps(schema(), indent=1) + "\n")
    print(PATH.relative_to(ROOT))
