"""Checks a description, and turns its templates into trees, see expression.py. Loaded while enroll.json is read.

docs/services/rest.schema.json says the same, except about names; the tests compare the two. Each mistake is one
EnrollError("configuration") that names the key.
"""

from ... import mistakes
from ...config import Secret, unload
from ...schema import fields
from ...url import plain, quote
from .expression import expect, parse

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

_STEP = const("method!A path!A headers-{ json-{ form-{ take-{ answers-O resume-s")
_RULE = const("field-A means!A seconds-s text-U")
_METHODS = const("GET POST PUT PATCH DELETE")
_MEANS = const("success pending refused server configuration")
_GIVEN = const("serial mac now iso_now nonce body")
_ANSWERED = const("id secret expires")
_OWN = const("host connection content-length transfer-encoding")
_DEEP = const(8)  # objects and lists in each other: each takes some of a board's small stack
_LETTERS = const("abcdefghijklmnopqrstuvwxyz0123456789_")


def wrong(where: str, what: str, *remedy: str):
    """The error for the value at `where` in the section."""
    return mistakes.wrong("rest.%s` %s" % (where, what), *remedy)


def _text(value: "Any", where: str, printable: bool = True) -> None:
    if not isinstance(value, str) or not value or (printable and not plain(value, 32)):
        raise wrong(where, "wants printable ASCII text" if printable else "wants text")


def _one_of(value: str, words: str, where: str) -> None:
    if value not in words.split(" "):
        raise wrong(where, "wants one of: " + words)


def _name(name: str, taken: str, where: str) -> None:
    """Check that `name` is a valid name and not one of the words in `taken`."""
    if not name or name[0] not in _LETTERS[:26] or name[32:] or [char for char in name if char not in _LETTERS]:
        raise wrong(where, "wants a name of small letters, digits and _, which begins with a letter")
    if name in taken.split(" "):
        raise wrong(where, "has a name that means something else", "choose another")


def _place(place: str) -> list:
    """The path to `place` in an answer."""
    if place[:7] == "header:":
        return [place.lower()]
    return [place] if place == "." else place.split(".")


def _rule(rule: dict, where: str) -> tuple:
    """A rule: the status, place and value that it is for, and its meaning."""
    rule = dict(rule)
    status = rule.pop("status", None)
    value = rule.pop("value", None)
    found = fields(rule, _RULE, "rest." + where)
    _one_of(found["means"], _MEANS, where + ".means")
    if status is not None and (not isinstance(status, int) or not 200 <= status <= 599):
        raise wrong(where + ".status", "wants a number from 200 to 599")
    place = found.pop("field")
    if not isinstance(value, (str, int, float, bool) if place else type(None)) or not (place or status):
        raise wrong(where, "wants `status`, or `field` and `value`, or all three")
    found["seconds"] = found["seconds"] or 10
    return status or 0, _place(place or ""), value, found


def _rules(rules: list, where: str) -> list:
    """The rules for answers; the last two apply where no other does."""
    found = [_rule(rule, "%s.%d" % (where, number)) for number, rule in enumerate(rules)]
    means = {"means": "success"}
    for rule in found:
        if rule[3]["means"] == "success":
            means = {"means": "refused", "text": "what `answers` does not call a success"}
    return found + [(2, [""], None, means), (0, [""], None, {"means": ""})]


def _encoded(part):
    """A template whose values are percent-encoded."""
    if isinstance(part, str):
        return part
    parts = (part,) if part[0] else part[1:]
    return ("",) + tuple([it if isinstance(it, str) or it[0] == "url" else ("url", it) for it in parts])


class _Description:
    def __init__(self, section: dict) -> None:
        self.section = section
        self.secrets = section["secrets"] or {}
        self.values = section["values"] or {}
        self.names: dict = {}  # from answers, up to the step being read
        self.used: set[str] = set()  # names that templates use

    def read(self) -> None:
        section = self.section
        steps, refresh = section["steps"], section["refresh"] or []
        for part, words in ((self.secrets, ""), (self.values, " " + " ".join(self.secrets))):
            where = "values" if words else "secrets"
            for name, value in part.items():
                _name(name, _GIVEN + " " + _ANSWERED + words, where + "." + name)
                _text(value, where + "." + name, not words)
        self.values = {name: parse(self.values[name], "values." + name) for name in self.values}
        section["steps"] = self._steps(steps, "steps")
        if not steps:
            raise wrong("steps", "has no step", "describe 1 to 3")
        if "secret" not in section["steps"][-1]["take"]:
            last = "steps.%d.take" % (len(steps) - 1)
            raise wrong(last, "lacks `secret`", "the last step takes it: name its place in the answer")
        taken = dict(self.names)
        self.names.update({"id": 0, "secret": 0})
        headers = section["headers"] or {"Authorization": "Bearer {secret}"}
        section["headers"] = self._texts(headers, "headers", True)
        section["refresh"] = self._steps(refresh, "refresh")
        self.names["body"] = 0
        for name in self.values:  # also those that are used nowhere
            expect(self, (name,), "values." + name, "")
        section["take"] = {"secret"} | ({"id"} & set(taken))  # required in an answer that registers
        if "id" not in taken and "mac" not in self.used:
            self.used.add("serial")
        for key in ("serial", "mac"):
            if section[key] == "" and key not in self.used:
                section[key] = None  # the board need not know it
        section["secrets"] = {name: Secret(self.secrets[name]) for name in self.secrets}
        section["values"] = self.values

    def _steps(self, steps: list, where: str) -> tuple:
        if steps[3:]:
            raise wrong(where, "has %d steps" % len(steps), "keep 1 to 3")
        found = tuple([self._step(step, "%s.%d" % (where, number)) for number, step in enumerate(steps)])
        resumed = [number for number, step in enumerate(found) if step["resume"]]
        if resumed and where == "refresh":
            raise wrong("%s.%d.resume" % (where, resumed[0]), "cannot stand in `refresh`", "remove it")
        if resumed[1:] or resumed == [0]:
            raise wrong("%s.%d.resume" % (where, resumed[-1]), "must be the only one, and not in the first step")
        if found:
            found[0]["resumes"] = sum(resumed)
            found[-1]["last"] = True
        return found

    def _step(self, step: dict, where: str) -> dict:
        found = fields(step, _STEP, "rest." + where)
        _one_of(found["method"], _METHODS, where + ".method")
        body, form = found["json"], found["form"]
        kind = ""
        found["body"] = ""
        if body is not None:
            if form is not None:
                raise wrong(where + ".form", "has `json` beside it", "keep one")
            kind = "json"
            found["body"] = self._json(body, where + ".json", where + ".json")
        elif form is not None:
            kind = "x-www-form-urlencoded"
            found["body"] = self._form(form, where)
        before = self.names
        self.names = dict(before)
        self.names["body"] = 0
        headers = self._texts(found["headers"] or {}, where + ".headers", True)
        if kind and "content-type" not in [name.lower() for name in headers]:
            headers["Content-Type"] = "application/" + kind
        found["headers"] = headers
        path = found["path"]
        found["shown"] = path.split("?")[0]
        tree = _encoded(self._template(path, where + ".path"))
        literals = [tree] if isinstance(tree, str) else [part for part in tree[1:] if isinstance(part, str)]
        if path[0] != "/" or [1 for part in literals if " " in part or "#" in part]:
            raise wrong(where + ".path", "wants to begin with a slash, without blanks and #")
        found["path"] = tree
        found["answers"] = _rules(found["answers"] or [], where + ".answers")
        self.names = before
        found["plain"] = True
        found["last"] = False
        take = found["take"] or {}
        found["take"] = {}
        for name, place in take.items():
            at = where + ".take." + name
            _name(name, _GIVEN + " " + " ".join(self.secrets) + " " + " ".join(self.values), at)
            _text(place, at)
            found["take"][name] = _place(place)
            found["plain"] = found["plain"] and place != "." and place[:7] != "header:"
            self.names[name] = 0
        return found

    def _json(self, part: "Any", where: str, top: str, deep: int = 0):
        if deep > _DEEP:
            from .mistaken import nested

            raise nested(top)
        deep += 1
        if isinstance(part, dict):
            return {key: self._json(part[key], where + "." + key, top, deep) for key in part}
        if isinstance(part, list):
            return [self._json(it, "%s.%d" % (where, number), top, deep) for number, it in enumerate(part)]
        if isinstance(part, str):
            part = self._template(part, where)
            if isinstance(part, tuple) and (part[1:] or part[0] in self.values):
                return ("", part)  # bytes must become text
        return part

    def _form(self, form: dict, where: str):
        parts: tuple = ("",)
        for name, part in self._texts(form, where + ".form").items():
            value = quote(part) if isinstance(part, str) and part else part and ("url", part)
            parts += ("&" * (len(parts) > 1) + quote(name) + "=", value)
        return parts

    def _texts(self, templates: dict, where: str, headers: bool = False) -> dict:
        """`templates` by name, each giving text."""
        found = {}
        for name, template in templates.items():
            at = where + "." + name
            if headers:
                bad = [char for char in name.lower() if char not in _LETTERS and char != "-"]
                if bad or not name or name.lower() in _OWN.split(" "):
                    raise wrong(at, "cannot be set here", "name another header")
                _text(template, at)
            part = self._template(template, at)
            found[name] = part if isinstance(part, str) else ("", part)
            if headers and self._answered(part, at, at):
                found[name] = ("line", found[name])
        return found

    def _answered(self, part, where: str, user: str) -> bool:
        """Whether a value of an answer stands in the header at `user` as it is: it may have a line break, which is an
        error in what the description itself gives. `part`: what is at `where`, in that header.
        """
        if isinstance(part, str):
            if min(part.encode()) < 32:
                from .mistaken import broken

                raise broken(where, user)
            return False
        name, *more = part
        if not name:
            return max([self._answered(it, where, user) for it in more])
        if name in self.values and not more:
            return self._answered(self.values[name], "values." + name, user)
        own = ("body", "id", "secret") if user[:8] == "headers." else ("body",)  # `parse` has checked the first two
        return not more and name in self.names and name not in own

    def _template(self, template: "Any", where: str):
        part = parse(template, where)
        expect(self, part, where, template)
        return part


def check(section: dict) -> None:
    """See `check` of the provider."""
    if isinstance(section["steps"], list):  # otherwise it was checked before the board gave its identity
        _Description(section).read()
        unload("providers.rest.description", "providers.rest.expression")
