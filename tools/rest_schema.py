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


def named(value: dict[str, Any], taken: tuple[str, ...]) -> dict[str, Any]:
    """An object, or null, from names to `value`."""
    pattern = rf"^(?!(?:{'|'.join(taken)})$){NAME}$"
    return {
        "type": ["object", "null"],
        "propertyNames": {"pattern": pattern},
        "additionalProperties": value,
    }


def section(names: dict[str, Any], needed: tuple[str, ...] = ()) -> dict[str, Any]:
    """An object with the keys `names`, of which those `needed` must be there."""
    return {"type": "object", "properties": names, "required": list(needed), "additionalProperties": False}


def optional(kind: str, **more: Any) -> dict[str, Any]:
    """A value of `kind`, or null."""
    return {"type": [kind, "null"], **more}


def schema() -> dict[str, Any]:
    """The JSON Schema."""
    text = {"type": "string", "pattern": template("[^{}]") + "*$"}
    printable = {"type": "string", "pattern": "^[ -~]*[!-~][ -~]*$"}
    blank = {"type": "string", "pattern": r"^\s*$"}
    header = {"type": "string", "pattern": template("[ -z|~]") + "+$"}
    headers = {
        "type": ["object", "null"],
        "propertyNames": {"pattern": rf"^(?!(?:{'|'.join(map(any_case, OWN))})$)[A-Za-z0-9_-]+$"},
        "additionalProperties": header,
    }
    seconds = optional("number", minimum=1, maximum=86400)
    rule = section(
        {
            "status": {"type": "integer", "minimum": 200, "maximum": 599},
            "field": printable,
            "value": {"type": ["string", "number", "boolean"]},
            "means": {"enum": ["success", "pending", "refused", "server", "configuration"]},
            "seconds": seconds,
            "text": {"anyOf": [{"type": "null"}, {"type": "string"}]},
        },
        ("means",),
    )
    rule["dependencies"] = {"field": ["value"], "value": ["field"]}
    rule["anyOf"] = [{"required": ["status"]}, {"required": ["field"]}]
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
        "path": {"type": "string", "pattern": "^(?=/)" + template('[!-"$-z|~]')[1:] + "+$"},
        "headers": headers,
        "json": optional("object", additionalProperties={"$ref": "#/definitions/json"}),
        "form": optional("object", additionalProperties={"$ref": "#/definitions/template"}),
        "take": named(printable, RESERVED),
        "answers": optional("array", items={"$ref": "#/definitions/rule"}),
    }
    both = {"properties": {"json": {"minProperties": 1}, "form": {"minProperties": 1}}, "required": ["json", "form"]}
    step = section(keys, ("method", "path"))
    resumed = section({**keys, "resume": seconds}, ("method", "path"))
    for it in (step, resumed):
        it["not"] = {**both, "allOf": [{"properties": {"json": {"type": "object"}, "form": {"type": "object"}}}]}
    takes = {"required": ["take"], "properties": {"take": {"type": "object", "required": ["secret"]}}}
    one = {"$ref": "#/definitions/step"}
    more = {"$ref": "#/definitions/resumed"}
    last = {"allOf": [more, takes]}
    steps = {
        "oneOf": [
            {"items": [{"allOf": [one, takes]}], "minItems": 1, "maxItems": 1},
            {"items": [one, last], "minItems": 2, "maxItems": 2},
            {"items": [one, more, {"allOf": [one, takes]}], "minItems": 3, "maxItems": 3},
            {"items": [one, {"allOf": [one]}, last], "minItems": 3, "maxItems": 3},
        ]
    }
    identity = {"anyOf": [{"type": "null"}, blank, {**printable, "maxLength": 100}]}
    own = named({"$ref": "#/definitions/text"}, (*RESERVED, "id", "secret", "expires"))
    whole = section(
        {
            "serial": identity,
            "mac": identity,
            "values": {
                **own,
                "additionalProperties": {"allOf": [{"$ref": "#/definitions/template"}, {"minLength": 1}]},
            },
            "secrets": {**own, "additionalProperties": {"type": "string", "pattern": "^[ -~]+$"}},
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
