"""The OpenAPI description of the admin API, made from the operations' signatures."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

from .operations import Argument, arguments

_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean", dict: "object", type(None): "null"}

ERRORS = {
    "400": "The body is not a JSON object, or an argument does not fit the schema.",
    "401": "The admin key is missing or wrong.",
    "413": "The body is too long.",
    "415": "The body is not declared as JSON.",
    "422": "The operation refuses, as for a device that is not there; nothing has changed.",
}


def describe(groups: Mapping[str, Mapping[str, Callable[..., object]]]) -> dict[str, Any]:
    """The description of these operations, by service ("" for those on the sandbox itself) and name."""
    paths = {
        f"/admin/{group}/{name}" if group else f"/admin/{name}": {"post": _post(group, name, function)}
        for group, functions in sorted(groups.items())
        for name, function in functions.items()
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "enroll sandbox: admin API",
            "version": "1",
            "description": "Every operation is a POST with a JSON object and the admin key, which stands in the file "
            "admin.key of the state folder.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "tags": [{"name": group or "sandbox"} for group in sorted(groups)],
        "paths": paths,
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Error": {
                    "type": "object",
                    "properties": {"error": {"type": "string"}},
                    "required": ["error"],
                    "additionalProperties": False,
                }
            },
            "responses": {code: _answer(text, {"$ref": _ERROR}) for code, text in ERRORS.items()},
        },
    }


_ERROR = "#/components/schemas/Error"


def _post(group: str, name: str, function: Callable[..., object]) -> dict[str, Any]:
    text = (inspect.getdoc(function) or name).replace("\b\n", "")  # which is for the command line
    taken = arguments(function)
    result = result_schema(inspect.signature(function, eval_str=True).return_annotation)
    body = {
        "type": "object",
        "properties": {argument.name: schema(argument) for argument in taken},
        "required": [argument.name for argument in taken if argument.required],
        "additionalProperties": False,
    }
    done = {"type": "object", "properties": {"result": result}, "required": ["result"], "additionalProperties": False}
    return {
        "operationId": f"{group}_{name}".strip("_").replace("-", "_"),
        "tags": [group or "sandbox"],
        "summary": text.splitlines()[0],
        "description": text,
        "requestBody": {"required": bool(body["required"]), "content": {"application/json": {"schema": body}}},
        "responses": {
            "200": _answer("Done.", done),
            **{code: {"$ref": f"#/components/responses/{code}"} for code in ERRORS},
        },
    }


def _answer(text: str, answer: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": answer}}}


def schema(argument: Argument) -> dict[str, Any]:
    """The JSON Schema of an argument."""
    about, kinds = argument.about, argument.kinds
    names = [_TYPES[kind] for kind in kinds] + ["null"] * argument.nullable
    found: dict[str, Any] = {"type": names[0] if len(names) == 1 else names}
    if about.text:
        found["description"] = about.text
    if about.choices:
        found["enum"] = [*about.choices, *([None] if argument.nullable else [])]
    elif str in kinds:
        found |= {"minLength": about.shortest, "maxLength": about.longest}
    if {int, float} & {*kinds} and not about.choices:
        found |= {"minimum": about.least, "maximum": about.most}
    if not argument.required and argument.default is not None:
        found["default"] = argument.default
    return found


def result_schema(annotation: Any) -> dict[str, Any]:
    """The JSON Schema of what an operation returns."""
    if annotation is Any:
        return {}
    origin, parts = typing.get_origin(annotation), typing.get_args(annotation)
    if isinstance(annotation, types.UnionType):
        return {"anyOf": [result_schema(part) for part in parts]}
    if origin is list:
        return {"type": "array", "items": result_schema(parts[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": result_schema(parts[1])}
    return {"type": _TYPES[type(None) if annotation is None else annotation]}
