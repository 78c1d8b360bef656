"""Hypothesis strategies for descriptions of `rest` and the answers to their requests."""

from __future__ import annotations

import base64
import copy
import json
import re
import string
from typing import Any

from hypothesis import strategies as st

ONE = ("url", "hex", "b64", "md5", "sha256")
ASCII = "".join(chr(code) for code in range(32, 127) if chr(code) not in "{}")
names = st.from_regex("[a-z][a-z0-9_]{0,5}", fullmatch=True)
NOT_OWN = {"serial", "mac", "now", "iso_now", "nonce", "body", "id", "secret", "expires"}
texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="{}"), max_size=12)
printable = st.text(ASCII, min_size=1, max_size=20).filter(str.strip)
blanks = st.sampled_from(["", "", "", " ", "  "])


@st.composite
def expressions(draw: st.DrawFn, known: list[str], coded: list[str], deep: int = 3) -> str:
    """An expression of `known` names; those `coded` are base64."""
    kind = draw(st.integers(0, 9)) if deep else 0
    blank = draw(blanks)
    if kind < 4:
        found = draw(st.sampled_from(known))
    elif kind == 4 and coded:
        found = f"unb64({blank}{draw(st.sampled_from(coded))})"
    elif kind < 7:
        found = f"{draw(st.sampled_from(ONE))}({draw(expressions(known, coded, deep - 1))})"
    else:
        arguments = expressions(known, coded, deep - 1)
        found = f"hmac_sha256({draw(arguments)},{blank}{draw(arguments)})"
    return blank + found + draw(blanks)


def templates(literal: st.SearchStrategy[str], known: list[str], coded: list[str]) -> st.SearchStrategy[str]:
    """Templates whose literal parts are `literal`."""
    braced = expressions(known, coded).map(lambda it: "{" + it + "}")
    return braced | st.lists(literal | braced, min_size=1, max_size=4).map("".join)


def bodies(template: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    """JSON objects with templates in them."""
    leaf = template | st.integers(-(2**29), 2**29) | st.booleans() | st.none() | st.just(1.5)
    inner = st.recursive(
        leaf, lambda it: st.lists(it, max_size=3) | st.dictionaries(texts, it, max_size=3), max_leaves=6
    )
    return st.dictionaries(texts, inner, max_size=4)


@st.composite
def steps(
    draw: st.DrawFn, known: list[str], coded: list[str], lines: set[str], last: bool
) -> tuple[dict[str, Any], list[Any]]:
    """A step, and the answers that come to it: status, headers and body of each. No header has a name in `lines`."""
    anything = templates(texts, known, coded)
    signed = [*known, "body"]
    header = templates(printable, [name for name in signed if name not in lines], coded).filter(str.strip)
    step: dict[str, Any] = {"method": draw(st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]))}
    path = st.text(string.ascii_letters + "/?&=-", max_size=8)
    step["path"] = "/" + draw(templates(path, signed, coded))
    fields = st.text(string.ascii_letters + "-_", min_size=1, max_size=8)
    own = {"host", "connection", "content-length", "transfer-encoding"}
    if draw(st.booleans()):
        step["headers"] = draw(st.dictionaries(fields.filter(lambda it: it.lower() not in own), header, max_size=3))
    kind = draw(st.sampled_from(["json", "form", ""]))
    if kind == "json":
        step["json"] = draw(bodies(anything))
    elif kind == "form":
        step["form"] = draw(st.dictionaries(texts, anything, max_size=3))
    take = draw(st.dictionaries(names.filter(lambda it: it not in {*known, *NOT_OWN}), st.none(), max_size=2))
    if last:
        take |= {"secret": None, **({"id": None} if draw(st.booleans()) else {})}
    reply: dict[str, Any] = {}
    headers: dict[str, str] = {}
    token = st.text(string.ascii_letters + string.digits, min_size=1, max_size=9)
    for number, name in enumerate(take):
        value = draw(token | st.integers(1, 2**29))
        take[name], at = draw(st.sampled_from([(f"k{number}", 0), (f"a{number}.b", 1), (f"l{number}.0.c", 2), ("", 3)]))
        if at == 3:
            take[name] = f"header:X-{number}"
            headers[f"x-{number}"] = str(value)
        elif at == 2:
            reply[f"l{number}"] = [{"c": value}]
        else:
            reply[take[name][:2]] = {"b": value} if at else value
    step["take"] = take
    return rules(draw, step, reply, headers)


def rules(draw: st.DrawFn, step: dict[str, Any], reply: dict[str, Any], headers: dict[str, str]) -> Any:
    """`step` with some rules, and answers that fit one of them, or none."""
    body = json.dumps(reply)
    good = [[draw(st.sampled_from([200, 201])), headers, body]]
    case = draw(st.integers(0, 5))
    if case == 1:
        step["answers"] = [{"status": 202, "means": "pending", "seconds": 1}]
        return step, [[202, {}, ""]] * draw(st.integers(0, 2)) + good
    if case == 2:
        value = draw(st.sampled_from(["no", 7, True]))
        step["answers"] = [{"field": "state.0", "value": value, "means": draw(st.sampled_from(["refused", "server"]))}]
        return step, [[200, headers, json.dumps({**reply, "state": [draw(st.sampled_from(["no", 7, True, "yes"]))]})]]
    if case == 3:
        step["answers"] = [{"status": 201, "means": "success"}]
        return step, good
    if case == 4:
        return step, [[draw(st.sampled_from([401, 403, 409, 503])), {}, "{}"]]
    return step, good


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """A description, the time and nonce it is executed with, and the answers that come."""
    section: dict[str, Any] = {"serial": draw(printable), "mac": draw(st.none() | printable)}
    secrets: dict[str, str] = draw(st.dictionaries(names.filter(lambda it: it not in NOT_OWN), printable, max_size=2))
    coded = [name for name in secrets if draw(st.booleans())]
    for name in coded:
        secrets[name] = base64.b64encode(secrets[name].encode()).decode()
    known = [*secrets, "serial", "now", "iso_now", "nonce", *(["mac"] if section["mac"] else [])]
    section["secrets"] = secrets
    section["values"] = {}
    lines: set[str] = set()
    for name in draw(st.lists(names.filter(lambda it: it not in {*NOT_OWN, *secrets}), max_size=3, unique=True)):
        section["values"][name] = template = draw(templates(texts, known, coded).filter(bool))
        known.append(name)
        if min(template) < " " or lines & set(re.findall("[a-z0-9_]+", template)):
            lines.add(name)  # it may have a line break
    count = draw(st.integers(1, 2))
    found: list[Any] = []
    section["steps"] = []
    for number in range(count):
        step, answers = draw(steps(known, coded, lines, number == count - 1))
        section["steps"].append(step)
        found += answers
        known = known + [name for name in step["take"] if name not in known]
    nonce = draw(st.binary(min_size=8, max_size=8)).hex()
    return {"section": section, "answers": found, "now": draw(st.integers(10**9, 2 * 10**9)), "nonce": nonce}


odd = st.sampled_from(
    [None, True, 0, 1, 86400, 86401, 1.5, 200, 599, 600, "", " ", "a", "/", "GET", "success", [], {}, [{}]]
).map(copy.deepcopy)  # what is put into a section may be changed there
odd_texts = st.text(string.printable + "{}()\u00e4", max_size=6) | st.text("{(),}sha256 hmacurlbx_", max_size=16)
KEYS = """
serial mac values secrets steps headers refresh once method path json form take answers resume status field value means
seconds text secret id expires now Host A-b other
"""
keys = st.sampled_from(KEYS.split())


@st.composite
def mistaken(draw: st.DrawFn) -> Any:
    """A section with one or two changes, most of them mistakes."""
    section = copy.deepcopy(draw(cases())["section"])  # parts of it are constants of this module
    if draw(st.booleans()):
        section["headers"] = {"X-Key": "{secret}"}
    if draw(st.booleans()):
        section["refresh"] = [{"method": "POST", "path": "/refresh", "take": {"secret": "k"}}]
    if section["steps"][1:] and draw(st.booleans()):
        section["steps"][1]["resume"] = 600
    for _ in range(draw(st.integers(1, 2))):
        places = list(containers(section))
        part = draw(st.sampled_from(places))
        change(draw, part)
    return section


def containers(part: Any) -> Any:
    """`part`, and all objects and lists in it."""
    if isinstance(part, dict | list):
        yield part
        for inner in part.values() if isinstance(part, dict) else part:
            yield from containers(inner)


def change(draw: st.DrawFn, part: Any) -> None:
    """Take something out of `part`, put something into it, or write another text there."""
    there = list(part) if isinstance(part, dict) else list(range(len(part)))
    what = draw(st.integers(0, 4))
    if what == 0 and there:
        del part[draw(st.sampled_from(there))]
    elif what == 1 and isinstance(part, dict):
        part[draw(keys | odd_texts)] = draw(odd | odd_texts)
    elif what == 2 and isinstance(part, list):
        part.append(copy.deepcopy(draw(st.sampled_from([*part, 1, {}]))))
    elif there:
        at = draw(st.sampled_from(there))
        old = part[at]
        if isinstance(old, str) and draw(st.booleans()):
            cut = draw(st.integers(0, len(old)))
            part[at] = old[:cut] + draw(odd_texts) + old[draw(st.integers(cut, len(old))) :]
        else:
            part[at] = draw(odd | odd_texts)


breaking = st.sampled_from(["", "", "{", "}", "(", ")", ",", " ", "{hex(", "{hmac_sha256(", "{{", "{sha1(", "\n"])


@st.composite
def leaking(draw: st.DrawFn, secret: str) -> Any:
    """A section with `secret` in one of its templates, most of which are wrong then."""
    section = copy.deepcopy(draw(cases())["section"])
    section["headers"] = {"X-Key": "{secret}"}
    section["refresh"] = [{"method": "POST", "path": "/refresh", "form": {"a": "{id}"}, "take": {"secret": "k"}}]
    part, key = draw(st.sampled_from(list(places(section))))
    cut = draw(st.integers(0, len(part[key])))
    part[key] = part[key][:cut] + draw(breaking) + secret + draw(breaking) + part[key][cut:]
    return section


def places(section: dict[str, Any]) -> Any:
    """Each template of `section`: the object or list that it is in, and its key there."""
    parts = [section["values"], section["headers"]]
    for step in section["steps"] + section["refresh"]:
        yield step, "path"
        parts += [step.get("headers", {}), step.get("form", {}), *containers(step.get("json", {}))]
    for part in parts:
        for key in part if isinstance(part, dict) else range(len(part)):
            if isinstance(part[key], str):
                yield part, key
