"""Writes tools/enroll_tools/enroll.schema.json: what an enroll.json may hold, as a JSON Schema.

It is made from the tables by which the device checks the file: each letter of a table has its schema here, and its
words from lib/enroll/mistakes.py. `make test-oracles` has the device and a validator judge the same files. Beyond what
a JSON Schema can say is only this, which the device refuses and the schema takes:

- a file that `ca` names and that is not there, or no JSON: a key that occurs twice, or nesting that is too deep
- an `ssid` of more than 32 bytes, or a `password` of fewer than 8 or more than 63, where some are beyond ASCII
- an `ip` that is its network's own or broadcast address; a `gateway` outside that network
- `retry.cap` below `retry.first`
- two of Xyte's `children` that are the same
- in `rest`: a name that no value has, that uses itself or is taken twice; a text for `unb64` that is no
  base64, or for a header that has a line break; `values` and `json` that are nested too deeply; a template that becomes
  too long
"""

from __future__ import annotations

import importlib
import json
from typing import Any

from devices import ROOT
from enroll_tools.provision import library
from schema_of_rest import BLANK, optional, section, template
from schema_of_rest import schema as rest_schema

PATH = ROOT / "tools" / "enroll_tools" / "enroll.schema.json"

# The dollar and the quotation mark in a class are spelled so that every validator reads them.
HOST = r"(?!\.+(?:[:/]|$))[!\x22\x24-.0-9;->A-Z\\-~]+"
PORT = r"(?::0*(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5]))?".replace(r"\d", "[0-9]")
BYTE = "(?:[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])"
FIRST = "(?:[1-9]|[1-9][0-9]|1[01][0-9]|12[0-689]|1[3-9][0-9]|2[01][0-9]|22[0-3])"  # neither 0, nor 127, nor 224 and up
ADDRESS = rf"{FIRST}\.{BYTE}\.{BYTE}\.{BYTE}"
YEAR = "(?:19[7-9][0-9]|[2-9][0-9]{3})"
LEAP = "(?:(?:19(?:[79][26]|8[048])|[2-9][0-9](?:0[48]|[2468][048]|[13579][26]))|(?:[2468][048]|[3579][26])00)"
DATE = (
    rf"{YEAR}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    rf"|02-(?:0[1-9]|1[0-9]|2[0-8]))|{LEAP}-02-29"
)
URL = rf"https?://{HOST}{PORT}(?:/[!\x22\x24->@-~]*)?"
SERVER = rf"{HOST}{PORT}/?"
BASE64 = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?"
ASCII = "[ -~]*[!-~][ -~]*"
BEYOND = "[^\\x00-\\x7f]"  # ASCII


def text(pattern: str, **more: Any) -> dict[str, Any]:
    """A text that is `pattern` from its beginning to its end."""
    return {"type": "string", "pattern": f"^(?:{pattern})$", **more}


def there(name: str, pattern: str = r"\S") -> dict[str, Any]:
    """That the key `name` is there, and not blank."""
    return {"required": [name], "properties": {name: {"type": "string", "pattern": pattern}}}


def without(*names: str) -> dict[str, Any]:
    """That none of these keys is there."""
    return {"not": {"anyOf": [there(name) for name in names]}}


def number(least: float, most: float, exclusive: bool = False) -> dict[str, Any]:
    """A number within bounds."""
    words = ("exclusiveMinimum", "exclusiveMaximum") if exclusive else ("minimum", "maximum")
    return {"type": "number", **dict(zip(words, (least, most), strict=True))}


LETTERS: dict[str, dict[str, Any]] = {
    "A": text(ASCII),
    "I": text(ASCII, maxLength=100),
    "P": text(ASCII),
    "U": {"type": "string", "pattern": r"\S"},
    "B": text(f"(?=.){BASE64}"),
    "D": text("[A-Za-z0-9._~-]+"),
    "W": {"type": "string", "pattern": "^[^\\x00]+$", "maxLength": 32},
    "K": text(rf"[ -\x7f]{{8,63}}|[0-9A-Fa-f]{{64}}|(?=.*{BEYOND})[^\x00-\x1f]{{2,62}}"),
    "h": text(URL),
    "H": {"type": "array", "items": text(URL), "minItems": 1},
    "Y": text(DATE),
    "n": number(-24, 24, exclusive=True),
    "s": number(1, 86400),
    "t": {"type": "boolean"},
    "4": text(rf"(?!128\.0\.0\.0$){ADDRESS}"),
    "5": text(rf"{ADDRESS}/(?:[1-9]|[12][0-9]|30)"),
    "{": {"type": "object"},
    "N": {"type": "array", "items": text(SERVER), "minItems": 1},
    "O": {"type": "array", "items": {"type": "object"}},
    "L": {"type": "array", "items": {"$ref": "#/definitions/network"}},
    "R": {"$ref": "#/definitions/retry"},
    "/": text(r"/[!\x22\x24-~]*"),
    "S": {"type": "string", "pattern": "^(?!nvs:)(?!/nvs/(?:/|$|[^/]{16}))"},
}


def table(items: str, words: dict[str, str]) -> dict[str, Any]:
    """The schema of an object that is checked by a table, see lib/enroll/schema.py. `words`: what each letter wants."""
    names = {}
    for item in items.split(" "):
        key, flag, letter = item[:-2], item[-2], item[-1]
        value = dict(LETTERS[letter])
        if flag == "-":
            empty = {"const": ""} if letter == "K" else BLANK
            value = {"anyOf": [value, {"type": "null"}, empty]}
        elif flag == "@":
            value = {"anyOf": [value, {"type": "null"}], "$comment": "left out: the board fills it in"}
        names[key] = value | ({"description": f"It must be {words[letter]}."} if letter in words else {})
    return section(names, tuple(item[:-2] for item in items.split(" ") if item[-2] == "!"))


def network(items: str, words: dict[str, str]) -> dict[str, Any]:
    """The schema of one network: Wi-Fi, or a fixed address, or both."""
    wifi, fixed = there("ssid"), there("ip")
    alone = {"allOf": [fixed, {"anyOf": [wifi, {"not": there("password", r"[\s\S]")}]}]}
    return table(items, words) | {"anyOf": [{"allOf": [wifi, without("gateway", "dns")]}, alone]}


def centagate(found: dict[str, Any], words: dict[str, str], login: str) -> None:
    """One of three ways to the administrator's token, and only one."""
    filled = {"required": ["login"], "properties": {"login": {"type": "object", "minProperties": 1}}}
    parts = {"allOf": [there("auth_token"), there("secret_code")]}
    no_parts = without("auth_token", "secret_code")
    found["properties"]["token_type"] |= {"enum": ["1", "2"]}
    full = {"allOf": [{"type": "object", "minProperties": 1}, table(login, words)]}
    found["properties"]["login"] = optional("object", maxProperties=0)
    found["properties"]["login"]["anyOf"].append(full)
    found["oneOf"] = [
        {"allOf": [there("cen_token"), no_parts, {"not": filled}]},
        {"allOf": [filled, no_parts, without("cen_token")]},
        {"allOf": [parts, without("cen_token"), {"not": filled}]},
    ]


def xyte(found: dict[str, Any], words: dict[str, str], child: str, most: int) -> None:
    """Either a MAC address or a cloud id; children."""
    cloud_id = {"properties": {"cloud_id": text("[ -~]{1,28}[A-Za-z0-9]{16}")}}
    found["anyOf"] = [without("cloud_id"), {"allOf": [there("cloud_id"), cloud_id, without("mac")]}]
    found["properties"]["children"]["anyOf"][0] = {"type": "array", "items": table(child, words), "maxItems": most}


def sections(words: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The schema of each provider's section: by its table, and by its `check` of keys that belong together."""
    from enroll.providers.centagate import login
    from enroll.providers.xyte import child

    found = {name: table(module.TABLE, words) for name, module in library.providers().items()}
    properties = {name: it["properties"] for name, it in found.items()}
    properties["azure"]["serial"]["anyOf"][0] |= text("[A-Za-z0-9._:-]*[A-Za-z0-9-]")
    properties["cumulocity"]["bootstrap_user"] |= text(f"(?!.*:){ASCII}")
    properties["thingsboard"]["token"]["anyOf"][0] |= text("[A-Za-z0-9._~-]+")
    found["oauth"]["anyOf"] = [there("client_id"), there("register_path")]
    centagate(found["centagate"], words, login._TABLE)
    xyte(found["xyte"], words, child._TABLE, child._MOST)
    rest = rest_schema()
    found["rest"] = {name: value for name, value in rest.items() if name not in ("$schema", "title", "definitions")}
    return found


def mqtt(name: str, words: dict[str, str]) -> dict[str, Any]:
    """The schema of the object `mqtt` for provider `name`: by the table in its module `mqtt`, or in broker.py."""
    from enroll import broker

    try:
        module = importlib.import_module(f"enroll.providers.{name}.mqtt")
    except ImportError:
        return {"anyOf": [{"type": "null"}, BLANK]}
    found = table(getattr(module, "TABLE", broker._TABLE), words)
    for key in broker._NUMBERS:
        found["properties"][key] = {"type": ["integer", "null"], "minimum": 1, "maximum": broker._MOST}
    for key in getattr(module, "_TEMPLATES", ()):
        value = found["properties"][key]
        value.get("anyOf", [value])[0]["pattern"] = "^(?=[ ]*[!-~])" + template("[ -z|~]")[1:] + "+$"
    return {"anyOf": [found, {"type": "null"}, BLANK]}


def schema() -> dict[str, Any]:
    """The JSON Schema."""
    library.enroll_config()
    from enroll import mistakes, networks, values
    from enroll import schema as device

    words = dict(line.split(" ", 1) for line in mistakes._WANTS.strip().splitlines())
    found = sections(words)
    whole = table(device._TABLE % "section", words)
    del whole["properties"]["section"]
    names = whole["properties"]
    names["portal"] = {"anyOf": [{"$ref": "#/definitions/portal"}, {"type": "null"}, BLANK]}
    names["provider"] = {"enum": sorted(found), "description": "The service that the device registers with."}
    secure = {"properties": {"url": {"type": "string", "pattern": "^https:"}}, "required": ["url"]}
    bare = {name for name, it in found.items() if not {"anyOf", "oneOf"} & set(it) and not it["required"]}
    empty = [{"type": "null"}, BLANK]
    names |= {
        name: {"anyOf": [{"$ref": f"#/definitions/{name}"}, *(empty if name in bare else [])]} for name in sorted(found)
    }
    each = [
        {
            "properties": {"provider": {"const": name}, "mqtt": mqtt(name, words)},
            "required": ["provider", *(() if name in bare else (name,))],
        }
        | {"not": {"anyOf": [{"required": [other]} for other in sorted(found) if other != name]}}
        for name in sorted(found)
    ]
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "enroll.json",
        **whole,
        "anyOf": each,
        "if": secure,
        "then": there("ca"),
        "definitions": {
            **rest_schema()["definitions"],
            "network": network(device._NETWORK, words),
            "portal": table(networks.PORTAL, words),
            "retry": table(values._RETRY, words),
            **found,
        },
    }


if __name__ == "__main__":
    PATH.write_text(json.dumps(schema(), indent=1) + "\n")
    print(PATH.relative_to(ROOT))
