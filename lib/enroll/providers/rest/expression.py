"""Templates and the expressions in them, as trees for `fill`:

"text"                    itself
("name",)                 what the name stands for
("function", part, ...)   what a function makes of its arguments
("", part, ...)           one text of several parts
"""

import hashlib
from binascii import a2b_base64

from ... import mistakes

if False:  # for type hints only
    from typing import Any

_ARGUMENTS = {"url": 1, "hex": 1, "b64": 1, "unb64": 1, "md5": 1, "sha256": 1, "hmac_sha256": 2}
_DEEP = 3  # functions in each other


def _wrong(where: str, what: str, *remedy: str):
    return mistakes.wrong("rest.%s` %s" % (where, what), *remedy)


def parse(template: "Any", where: str):
    """The tree of `template`, which is at `where` in the section. Raises EnrollError("configuration")."""
    if not isinstance(template, str):
        raise _wrong(where, "wants text")
    first, *rest = template.split("{")
    literals = first
    parts: list = ["", first]
    for piece in rest:
        expression, brace, literal = piece.partition("}")
        if not brace:
            raise _wrong(where, "has a { without a }")
        parts += [_expression(expression, where), literal]
        literals += literal
    if "}" in literals:
        raise _wrong(where, "has a } without a {")
    if not rest:
        return template
    found = tuple([parts[0]] + [part for part in parts[1:] if part])
    return found if found[2:] else found[1]


def _expression(text: str, where: str) -> tuple:
    calls: list = [["", 1]]  # those that are open: the function, how many arguments it wants, and those it has
    word = ""
    ended = False  # whether a call has just ended
    for char in text + ",":
        if char == "(":
            word = word.strip()
            if word not in _ARGUMENTS or ended or calls[_DEEP:]:
                names = ", ".join(sorted(_ARGUMENTS))
                raise _wrong(where, "has ( without a function", "use %s, %d deep" % (names, _DEEP))
            calls.append([word, _ARGUMENTS[word]])
        elif char in ",)":
            word = word.strip()
            if ended == bool(word):
                raise _wrong(where, "wants a name where an argument is missing, or nothing behind a )")
            if word:
                calls[-1].append((word,))
            ended = False
            if char == ")":
                name, count, *values = calls.pop()
                if not calls or len(values) != count:
                    raise _wrong(where, "has a ) without a (, or not as many arguments as %s wants" % name)
                calls[-1].append((name,) + tuple(values))
                ended = True
        else:
            word += char
            continue
        word = ""
    if len(calls) != 1 or len(calls[0]) != 3:
        raise _wrong(where, "wants one name or function in {}")
    return calls[0][2]


def expect(it, part, where: str, inside: tuple = ()) -> None:
    """Raises EnrollError("configuration") for a name in the tree `part` that stands for nothing in the description
    `it`, where it is used. `inside`: the values that are made of it.
    """
    if isinstance(part, str):
        return
    name, *more = part
    for value in more:
        expect(it, value, where, inside)
    if more:
        if name == "md5" and not hasattr(hashlib, "md5"):
            raise mistakes.md5()
        if name == "unb64" and more[0][0] in it.secrets:
            _base64(it.secrets[more[0][0]], "secrets." + more[0][0])
    elif name in inside:
        raise _wrong("values." + name, "never ends", "it must not use itself")
    elif name in it.values:
        expect(it, it.values[name], where, inside + (name,))
    elif name in it.names or name in it.secrets or name in ("serial", "mac", "now", "iso_now", "nonce"):
        it.used.add(name)
    else:
        raise _wrong(
            where, "uses the unknown name %s" % name[:32], "name it in `values`, `secrets` or an earlier `take`"
        )


def _base64(value: str, where: str) -> None:
    try:
        good = len(value) % 4 == 0 and len(a2b_base64(value)) > 0
        for char in value[:-2] + value[-2:].rstrip("="):
            good = good and (char.isalpha() or char.isdigit() or char in "+/")
    except ValueError:
        good = False
    if not good:
        raise _wrong(where, "wants base64")
