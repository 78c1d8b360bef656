"""A back end of your own: what a failed step means. Loaded only after one."""

from binascii import b2a_base64

from ...config import Secret
from ...errors import EnrollError
from ...url import quote
from ..answer_refused import refused as common

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

    from ...config import Config


_NOT_FOUND = const("""
configuration:
404 not found: check `url`, and `path` of the step
405 not allowed there: check `url`, and `method` and `path` of the step
410 gone: check `url`, and `path` of the step""")


class _Hidden:
    """A Config whose section has everything that a quoted text must not contain."""

    def __init__(self, config: "Config", answer: "Any") -> None:
        texts = [secret.reveal() for secret in config.section["secrets"].values()]
        request = answer.request
        if request:
            texts += [value for value in request.taken.values() if isinstance(value, str)]
        hidden = {}
        for text in texts:
            for form in (text, quote(text), text.encode().hex(), str(b2a_base64(text.encode()), "utf-8").rstrip("=\n")):
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
        taken = getattr(answer, "taken", {})  # not for an answer read from flash
        missing = [".".join(step["take"][name]) for name in step["take"] if name not in taken]
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
