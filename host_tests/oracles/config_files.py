"""Files enroll.json for each provider from a seed: good ones, and ones with a few mistakes."""

from __future__ import annotations

import copy
import importlib
import json
import random
from typing import Any

from devices import ROOT
from enroll import broker, networks, schema
from enroll.providers.centagate import login
from enroll.providers.xyte import child

ODD: list[Any] = [None, "", " ", "\t", 0, 1, -1, 1.5, 86400, 86401, 24, True, False, [], {}, [{}], [""], [None]]
ODD += ["x", "é", "a b", "a" * 101, "a:b", "/", "/x", "http://a", "https://a:0", "http://a?b", "QQ==", "QR==", "12"]
ODD += ["http://a:65536/", "http://a:065535/b@c", "http://.", "http://a./", "http://a#b", "http://u@a", "http://[::1]"]
ODD += [
    "192.168.1.5/24",
    "10.0.0.-5/24",
    "10.0.0.05/24",
    "10.0.0.5/31",
    "128.0.0.0",
    "127.0.0.1",
    "224.0.0.1",
    "1.2.3.4",
]
ODD += [
    "1.2.3.4",
    "2026-01-01",
    "2026-02-29",
    "2024-02-29",
    "2026-1-001",
    "2100-02-29",
    "1969-12-31",
    "2026-+1-01",
    "9999-12-31",
]
ODD += ["/nvs/", "/nvs/a", "/nvs/" + "a" * 16, "nvs:a", "a/nvs/", "a\nb", "a\n", "\x7f", "1234567", "12345678", "é" * 4]
ODD += ["0" * 64, "g" * 64, "ca.der", "pool.ntp.org:123", "a/", "a/b", {"first": 5, "cap": 1}, {"first": ""}, {"a": 1}]

URLS = ["http://a", "https://a.example:8443/b/", "http://a.:1/[@]", 'https://a"b;c~/%20']
GOOD: dict[str, list[Any]] = {
    "A": ["a", "A b", "~" * 200],
    "I": ["a", " b ", "~" * 100],
    "P": ["p:w", "a b"],
    "U": ["é", "\u2028a", " a\n"],
    "B": ["QQ==", "QUI=", "QUJD", "AA+/"],
    "D": ["0ne00", "a-b._~"],
    "W": ["net", "é" * 16, " "],
    "K": ["12345678", "f" * 64, "é" * 4, "~" * 63],
    "h": URLS,
    "H": [URLS, URLS[:1]],
    "Y": ["2026-01-01", "2024-02-29", "2000-02-29", "2400-02-29", "1970-01-01", "2026-11-30"],
    "n": [0, -23.5, 23, 5.75],
    "s": [1, 86400, 2.5, 60],
    "t": [True, False],
    "4": ["192.168.1.1", "8.8.8.8", "223.255.255.254"],
    "5": ["192.168.1.5/24", "10.0.0.1/8", "100.64.0.2/30"],
    "{": [{}, {"a": 1}],
    "N": [["pool.ntp.org"], ["a:123", "b./"]],
    "O": [[]],
    "R": [{}, {"first": 5, "cap": 9}, {"renew": 60}],
    "/": ["/", "/a?b=c", "/%20@["],
    "S": ["state", "/nvs/enroll", "a/b", "/nvs/a/b"],
}


def table(draw: random.Random, items: str) -> dict[str, Any]:
    """A good object for a table."""
    found = {}
    for item in items.split(" "):
        key, flag, letter = item[:-2], item[-2], item[-1]
        if flag == "!" or draw.random() < 0.4:
            found[key] = network(draw) if letter == "L" else copy.deepcopy(draw.choice(GOOD[letter]))
    return found


def full(name: str, module: Any) -> dict[str, Any]:
    """A good enroll.json with every key that may stand beside the others."""
    whole = {**_each(schema._TABLE.replace(" %s-{", "")), "provider": name, "ca": "ca.der"}
    whole["network"] = [{"ssid": "a", "password": "12345678", "ip": "192.168.1.5/24", "gateway": "192.168.1.1"}]
    whole["retry"] = {"first": 5, "cap": 9, "renew": 60}
    section = _each(module.TABLE)
    whole["mqtt"] = _mqtt(name)
    whole["portal"] = _each(networks.PORTAL)
    if name == "centagate":
        section |= {"token_type": "1", "login": _each(login._TABLE)}
        section = {key: it for key, it in section.items() if key not in ("cen_token", "auth_token", "secret_code")}
    if name == "xyte":
        section["children"] = [_each(child._TABLE)]
        del section["cloud_id"]
    if name == "azure":
        section["serial"] = "a"
    if name == "thingsboard":
        section["token"] = "a"
    if name == "rest":
        section = json.loads((ROOT / "firmware" / "examples" / "rest.json").read_text())["rest"]
    return whole | {name: section}


def _mqtt(name: str) -> dict[str, Any] | None:
    try:
        module = importlib.import_module(f"enroll.providers.{name}.mqtt")
    except ImportError:
        return None
    return _each(getattr(module, "TABLE", broker._TABLE)) | dict.fromkeys(broker._NUMBERS, 60)


def _each(items: str) -> dict[str, Any]:
    return {item[:-2]: copy.deepcopy(GOOD[item[-1]][-1]) for item in items.split(" ") if item[-1] != "L"}


def mqtt(draw: random.Random, name: str) -> Any:
    """What is said of the broker, often nothing: where a cloud has none it is a mistake."""
    try:
        module = importlib.import_module(f"enroll.providers.{name}.mqtt")
    except ImportError:
        return draw.choice([None, None, None, {}])
    found = table(draw, getattr(module, "TABLE", broker._TABLE))
    for key in broker._NUMBERS:
        if draw.random() < 0.3:
            found[key] = draw.choice([1, 8883, 65535, 65535, 60])
    return draw.choice([None, "", found, found, found])


def network(draw: random.Random) -> list[dict[str, Any]]:
    """Networks, of which some are good."""
    return [table(draw, schema._NETWORK) for _ in range(draw.randrange(3))]


def section(draw: random.Random, name: str, module: Any) -> dict[str, Any]:
    """A section of a provider, often good."""
    if name == "rest":
        examples = sorted((ROOT / "firmware" / "examples").glob("rest*.json"))
        return dict(json.loads(draw.choice(examples).read_text())["rest"])
    found = table(draw, module.TABLE)
    if name == "centagate":
        found["token_type"] = draw.choice("1212x")
        ways = {"cen_token": "a", "auth_token": "b", "secret_code": "c", "login": table(draw, login._TABLE)}
        some = [["cen_token"], ["auth_token", "secret_code"], ["login"]]
        kept = draw.choice([*some, *some, list(ways), [], ["auth_token"], ["cen_token", "login"]])
        found = {key: it for key, it in found.items() if key not in ways} | {key: ways[key] for key in kept}
    if name == "xyte":
        found["children"] = [table(draw, child._TABLE) for _ in range(draw.randrange(3))]
        found["cloud_id"] = draw.choice(["", "", "AB" + "0" * 16, "A" * 44, "A" * 45, "AB" + "-" * 16])
    return found


def places(found: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a JSON value."""
    inner = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    return [path, *(place for key, it in inner for place in places(it, (*path, key)))]


def file(seed: int, name: str, module: Any) -> dict[str, Any]:
    """An enroll.json with up to two mistakes."""
    draw = random.Random(seed)
    whole = schema._TABLE.replace(" %s-{", "").replace("ca-U ", "").replace(" mqtt-{", "").replace(" portal-{", "")
    found = table(draw, whole) | {"provider": name, name: section(draw, name, module), "ca": "ca.der"}
    found["mqtt"] = mqtt(draw, name)
    found["portal"] = draw.choice([None, "", table(draw, networks.PORTAL)])
    for _ in range(draw.randrange(3)):
        known = [place for place in places(found)[1:] if place[0] != "rest" or len(place) < 3]
        *before, last = draw.choice(known)
        place: Any = found
        for step in before:
            place = place[step]
        _spoil(draw, place, last)
    return found


def _spoil(draw: random.Random, place: Any, last: Any) -> None:
    kind = draw.choice(["odd", "odd", "letter", "letter", "gone", "more"])
    if kind == "gone":
        del place[last]
    elif kind == "more" and isinstance(place, dict):
        place[draw.choice(["x", "rest", "$schema", "network", "login"])] = copy.deepcopy(draw.choice(ODD))
    elif kind == "letter" and isinstance(place[last], str):
        at = draw.randint(0, len(place[last]))
        place[last] = place[last][:at] + draw.choice("\n \x00/:?#@.-0é[") + place[last][at + draw.randrange(2) :]
    else:
        place[last] = copy.deepcopy(draw.choice(ODD))
