"""Templates and the expressions in them, as trees for `fill`:

"text"                    itself
("name",)                 the value of the name
("function", part, ...)   the function of its arguments
("", part, ...)           one text of several parts
("line", part)            the text, once it has no line break: no template has this name

mistaken.py has the words for what is wrong in a template.
"""

import hashlib
from binascii import a2b_base64

from ... import mistakes
from ...errors import EnrollError
from . import fill, text

if False:  # for type hints only
    from typing import Any

_ARGUMENTS = {"url": 1, "hex": 1, "b64": 1, "unb64": 1, "md5": 1, "sha256": 1, "hmac_sha256": 2}
_GROWS = {"url": 3, "hex": 2, "b64": 2}  # how many times as long a result can be
_DEEP = 3  # nested functions
_INSIDE = 8  # nested values: each takes some of a board's small stack
_LONG = 8192  # characters of a template that is filled in
_USUAL = 16  # characters of a value that is not known yet


def _wrong(where: str, what: str, at: int, *more):
    """The error for `what` at index `at`, see mistaken.py."""
    from .mistaken import mistaken

    return mistaken(where, what, at, *more)


class _Reader:
    """Reads a template from left to right; `at` is the index of the next character. See `parse`."""

    def __init__(self, template: str, where: str, unknown: str, user: str) -> None:
        self.template = template
        self.where = where
        self.unknown = unknown
        self.user = user
        self.at = 0

    def wrong(self, what: str, at: int, *more):
        return _wrong(self.where, what, at, *more)

    def mark(self) -> str:
        """The next character, "" at the end."""
        return self.template[self.at : self.at + 1]

    def until(self, marks: str) -> str:
        """The text before the next of `marks`, or before the end."""
        start = self.at
        while self.mark() and self.mark() not in marks:
            self.at += 1
        return self.template[start : self.at]

    def read(self):
        parts: list = []
        while self.mark():
            literal = self.until("{}")
            if literal:
                parts.append(literal)
            if self.mark() == "}":
                raise self.wrong("}", self.at)
            if self.mark():
                opened = self.at
                self.at += 1
                parts.append(self.expression(0))
                if self.mark() != "}":
                    raise self.wrong(self.mark() or "{", self.at if self.mark() else opened)
                self.at += 1
        if parts[1:]:
            return ("",) + tuple(parts)
        return parts[0] if parts else ""

    def expression(self, deep: int) -> tuple:
        """The tree of the next name or function; `deep`: how many functions are open."""
        start = self.at
        text = self.until("{}(),")
        word = text.strip(" ")
        if self.mark() == "{":
            raise self.wrong("{{", self.at)
        if self.mark() == "(":
            return self.call(word, deep)
        start += len(text) - len(text.lstrip(" "))
        if not word:
            raise self.wrong("nothing", start)
        if word == self.unknown:
            raise self.wrong("unknown", start, word, self.user)
        return (word,)

    def call(self, name: str, deep: int) -> tuple:
        opened = self.at
        count = _ARGUMENTS.get(name)
        if not count:
            raise self.wrong("function", opened, ", ".join(sorted(_ARGUMENTS)))
        if deep == _DEEP:
            raise self.wrong("deep", opened)
        values: list[tuple] = []
        while not values or self.mark() == ",":
            self.at += 1
            values.append(self.expression(deep + 1))
        if self.mark() != ")":
            raise self.wrong("(", opened)
        if len(values) != count:
            raise self.wrong("arguments", opened, name, len(values), count)
        self.at += 1
        if self.until("{}(),").strip(" ") or self.mark() in ("{", "("):
            raise self.wrong("behind", self.at)
        return (name,) + tuple(values)


def parse(template: "Any", where: str, unknown: str = "", user: str = ""):
    """The tree of `template`, which is at `where` in the section. Raises EnrollError("configuration").

    `unknown`: a name without a value at `user`, which uses the template; this may be a tree already.
    """
    if not isinstance(template, str):
        raise _wrong(where, "unknown" if unknown else "text", -1, unknown, user or where)
    return _Reader(template, where, unknown, user).read()


def expect(it, part, where: str, template: str, inside: tuple = ()) -> int:
    """Raises EnrollError("configuration") for a name in `part`, the tree of `template`, that has no value in the
    description `it` where it is used. `inside`: the values that contain it.

    Returns about how many characters the device handles to fill it in. More than _LONG is an error, too; what is nested
    in each other adds up, so this also bounds how long the check takes.
    """
    if isinstance(part, str):
        return len(part)
    name, *more = part
    size = 0
    for value in more:
        size += expect(it, value, where, template, inside) * _GROWS.get(name, 1)
        if size > _LONG:
            from .mistaken import long

            raise long("values." + inside[-1] if inside else where)
    if more:
        if name == "md5" and not hasattr(hashlib, "md5"):
            raise mistakes.md5()
        if name == "unb64":
            _base64(it, more[0], where)
        return size
    if name in inside:
        from .mistaken import circle

        raise circle(name, inside)
    if name in it.values:
        if inside[_INSIDE - 1 :]:
            from .mistaken import nested

            raise nested("values." + inside[0])
        return expect(it, it.values[name], where, it.section["values"][name], inside + (name,))
    if name in it.names or name in it.secrets or name in ("serial", "mac", "now", "iso_now", "nonce"):
        it.used.add(name)
    else:
        parse(template, "values." + inside[-1] if inside else where, name, where)
    return len(it.secrets.get(name, "")) or _USUAL


def _base64(it, part, where: str) -> None:
    """Check that `part`, the argument of `unb64` in a template at `where`, is base64, if `it` says so already: a text
    of literals, secrets and such values. The error names the key of the text, which may be a name for another.
    """
    names = dict(it.values)
    names.update(it.secrets)
    while not isinstance(part, str) and not part[1:] and part[0] in names:
        where = ("values." if part[0] in it.values else "secrets.") + part[0]
        part = names[part[0]]
    try:
        value = text(fill(part, names))
    except (KeyError, EnrollError):  # a value that is not known yet
        return
    try:
        good = len(value) % 4 == 0 and len(a2b_base64(value)) > 0
        for char in value[:-2] + value[-2:].rstrip("="):
            good = good and (char.isalpha() or char.isdigit() or char in "+/")
    except ValueError:
        good = False
    if not good:
        raise _wrong(where, "base64", -1)
