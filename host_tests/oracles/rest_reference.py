"""A description of `rest` executed by Python's own libraries: nothing of enroll is in it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from typing import Any
from urllib.parse import quote

_TOKEN = re.compile(r"\s*([a-z][a-z0-9_]*|[(),])\s*")
Value = str | int | float | bool | None | bytes | list[Any] | dict[str, Any]


def shown(value: Value) -> str:
    """A value in a text."""
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, str) else json.dumps(value)


def raw(value: Value) -> bytes:
    """A value as the argument of a function."""
    return value if isinstance(value, bytes) else shown(value).encode()


FUNCTIONS: dict[str, Any] = {
    "url": lambda it: quote(shown(it), safe="-._~"),
    "hex": lambda it: raw(it).hex(),
    "b64": lambda it: base64.b64encode(raw(it)).decode(),
    "unb64": lambda it: base64.b64decode(raw(it), validate=True),
    "md5": lambda it: hashlib.md5(raw(it)).digest(),
    "sha256": lambda it: hashlib.sha256(raw(it)).digest(),
    "hmac_sha256": lambda key, it: hmac.digest(raw(key), raw(it), "sha256"),
}


class Reference:
    """One device: `section` is the section of enroll.json, `taken` what earlier answers gave."""

    def __init__(self, section: dict[str, Any], now: int, iso_now: str, nonce: str) -> None:
        self.section = section
        self.values = section.get("values") or {}
        self.known = {**(section.get("secrets") or {}), "now": now, "iso_now": iso_now, "nonce": nonce}
        self.known |= {name: section.get(name) for name in ("serial", "mac")}
        self.taken: dict[str, Value] = {}

    def evaluate(self, expression: str) -> Value:
        """The value of an expression."""
        tokens = _TOKEN.findall(expression)
        value, rest = self._parse(tokens)
        assert not rest, expression
        return value

    def _parse(self, tokens: list[str]) -> tuple[Value, list[str]]:
        name, *tokens = tokens
        if tokens[:1] != ["("]:
            if name in self.values:
                return self.expand(self.values[name]), tokens
            return {**self.known, **self.taken}[name], tokens
        arguments = []
        while tokens[0] != ")":
            value, tokens = self._parse(tokens[1:])
            arguments.append(value)
        return FUNCTIONS[name](*arguments), tokens[1:]

    def expand(self, template: str) -> Value:
        """What a template gives; one that is a single expression keeps its value."""
        if lone := re.fullmatch(r"\{([^{}]*)\}", template):
            return self.evaluate(lone[1])
        return re.sub(r"\{([^{}]*)\}", lambda it: shown(self.evaluate(it[1])), template)

    def path(self, template: str) -> str:
        """A path, in which what expressions give is percent-encoded once."""

        def encoded(it: re.Match[str]) -> str:
            value = shown(self.evaluate(it[1]))
            return value if it[1].strip().startswith("url") and "(" in it[1] else quote(value, safe="-._~")

        return re.sub(r"\{([^{}]*)\}", encoded, template)

    def json(self, part: Any) -> Any:
        """A JSON value with its templates filled in."""
        if isinstance(part, dict):
            return {key: self.json(value) for key, value in part.items()}
        if isinstance(part, list):
            return [self.json(value) for value in part]
        if not isinstance(part, str):
            return part
        lone = re.fullmatch(r"\{ *([a-z][a-z0-9_]*) *\}", part)
        return self.expand(part) if lone and lone[1] not in self.values else shown(self.expand(part))

    def request(self, step: dict[str, Any], body: bytes | None = None) -> tuple[str, str, dict[str, str], bytes]:
        """Method, path, headers and body of a step; `body`: the one that was sent, whose fields may be in any order."""
        kind = ""
        sent = b""
        if step.get("json") is not None:
            kind, sent = "application/json", json.dumps(self.json(step["json"])).encode()
            if body is not None:
                assert json.loads(body) == json.loads(sent)
        elif step.get("form") is not None:
            kind = "application/x-www-form-urlencoded"
            pairs = [(name, shown(self.expand(value))) for name, value in step["form"].items()]
            sent = "&".join(
                quote(name, safe="-._~") + "=" + quote(value, safe="-._~") for name, value in pairs
            ).encode()
            if body is not None:
                assert sorted(body.split(b"&")) == sorted(sent.split(b"&"))
        sent = sent if body is None else body
        self.known["body"] = sent.decode()
        headers = {name: shown(self.expand(value)) for name, value in (step.get("headers") or {}).items()}
        if kind and "content-type" not in {name.lower() for name in headers}:
            headers["Content-Type"] = kind
        found = step["method"], self.path(step["path"]), headers, sent
        del self.known["body"]
        return found

    def answer(self, step: dict[str, Any], status: int, headers: dict[str, str], body: bytes) -> str:
        """What an answer means; what it is asked for is taken of a success."""
        meaning = self._meaning(step.get("answers") or [], status, headers, body)
        if meaning == "success":
            for name, place in (step.get("take") or {}).items():
                value = find(place, headers, body)
                if value is not None:
                    self.taken[name] = value
        return meaning

    @staticmethod
    def _meaning(rules: list[dict[str, Any]], status: int, headers: dict[str, str], body: bytes) -> str:
        for rule in rules:
            fits = rule.get("status", status) == status
            if fits and ("field" not in rule or find(rule["field"], headers, body) == rule["value"]):
                return str(rule["means"])
        named = any(rule["means"] == "success" for rule in rules)
        if 200 <= status < 300:
            return "refused" if named else "success"
        return {401: "refused", 403: "refused", 409: "refused", 503: "server"}.get(status, "other")


def find(place: str, headers: dict[str, str], body: bytes) -> Value:
    """What is at a place of an answer, None if nothing is."""
    try:
        found = json.loads(body)
    except ValueError:
        found = None
    if place.lower().startswith("header:") and place.startswith("header:"):
        return {name.lower(): value for name, value in headers.items()}.get(place[7:].lower())
    if place == ".":
        return body.decode().strip().strip('"') if not isinstance(found, dict) else None
    try:
        for part in place.split("."):
            found = found[int(part) if isinstance(found, list) else part]
    except (KeyError, IndexError, TypeError, ValueError):
        return None
    return found
