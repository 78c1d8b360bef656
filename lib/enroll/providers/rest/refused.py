"""A back end of your own: what a failed step means. Loaded only after one."""

import json
from binascii import b2a_base64

from ...config import Secret
from ...errors import EnrollError
from ...url import quote
from ..answer_refused import refused as common
from . import _read, fill, known, text

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

    from ...config import Config


_NOT_FOUND = const("""
answer: check `url`, and `path` of the step, up to a slash at its end
configuration:
404 not found: check `url`, and `path` of the step
405 not allowed there: check `url`, and `method` and `path` of the step
410 gone: check `url`, and `path` of the step""")


def _leaves(value: "Any") -> list:
    """The texts in `value` from an answer: itself, and what is in it."""
    found = [text(value)]
    if isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            found += _leaves(part)
    return found


def _words(sent: str) -> list:
    """The runs of letters and digits in `sent`, but the shortest: they would hide too much."""
    found = [""]
    for char in sent:
        if char.isalpha() or char.isdigit():
            found[-1] += char
        elif found[-1]:
            found.append("")
    return [word for word in found if word[2:]]


class _Hidden:
    """A Config whose section has everything that a quoted text must not contain: secrets, values from answers, texts
    made from them, and each word of the request that is not in the description as it stands.
    """

    def __init__(self, config: "Config", answer: "Any") -> None:
        section = config.section
        texts = [secret.reveal() for secret in section["secrets"].values()]
        words = []
        request = answer.request
        if request:
            for value in request.taken.values():
                texts += _leaves(value)
            texts = [it for it in texts if it]
            names = known(section, 0, request.taken)
            for name in section["values"]:
                try:
                    made = text(fill((name,), names))
                except Exception:  # it uses what is only known elsewhere
                    continue
                if [1 for it in texts if it in made]:
                    texts.append(made)
            step = request.step
            plain = json.dumps([step["path"], step["headers"], step["body"], section["serial"], section["mac"]])
            sent = [request.url[len(config.url) :], str(request.body, "utf-8")]
            sent += [request.headers[name] for name in step["headers"]]  # sending it added others, and a number
            words = [word for word in _words("\n".join(sent)) if word not in plain]
        hidden = {word: Secret(word) for word in words}
        for it in texts:
            for form in (it, quote(it), it.encode().hex(), str(b2a_base64(it.encode()), "utf-8").rstrip("=\n")):
                hidden[form] = Secret(form)
        self.section = {"": hidden}


def refused(config: "Config", answer: "Any") -> EnrollError:
    """The error for `answer`, by its `rule` if there is one."""
    rule = getattr(answer, "rule", {})
    if config.section["once"] is False:
        answer.again = False  # a lost answer costs nothing
    step = answer.request.step if answer.request else config.section["steps"][-1]
    if answer.cut and not (answer.request and answer.request.credential):
        error = EnrollError("network", "no answer from the service", error=answer.cut)
    elif answer.page():
        error = common(answer, "", {})
    elif answer.status < 300:
        taken = getattr(answer, "taken", None) or _read(answer.json(), step, {})  # the second: read from flash
        # of the last step, only these must be there
        needed = config.section["take"] if step["last"] else step["take"]
        missing = [".".join(step["take"][name]) for name in step["take"] if name in needed and name not in taken]
        error = EnrollError("answer", "no `%s` in the answer" % missing[0], "correct `take`")
    elif rule.get("text"):
        fact, _, remedy = rule["text"].partition(": ")
        error = EnrollError(rule["means"], "the service says " + fact, remedy)
    elif rule.get("means"):
        error = EnrollError(rule["means"], "the service says %d" % answer.status)
    else:
        error = common(answer, _NOT_FOUND, answer.json(), _Hidden(config, answer))
    error.said = True
    error.retry_after = answer.retry_after
    return error
