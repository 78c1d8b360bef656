"""OAuth 2.0: a person approves the device, which gets an access token and a refresh token.

RFC 8628, the device flow. undecided.py handles answers other than success and "not yet", code.py codes that are not as
most, confidential.py clients with a secret, client.py registers a client, renewal.py refreshes tokens.
"""

from .. import need
from ..other_steps import Keep, Show, Wait
from ..post_form import post_form

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from typing import Any

    from ...config import Config
    from ...credential import Credential
    from .. import Answer, Request

TABLE = (
    "client_id-I client_secret-P serial@I device_path!/ token_path!/ scope-A google-t "
    "register_path-/ initial_token-P metadata-{ api-h"
)
ANSWER = 2048
ONCE = False  # after a lost answer the device asks for another approval
_GRANT = const("urn:ietf:params:oauth:grant-type:device_code")


def check(section: dict) -> str | None:
    return None if section["client_id"] or section["register_path"] else "client_id` is missing"


def ask(config: "Config", kept: dict, path: str, form: dict) -> "Request":
    """The request with `form` to the configuration's `path`. `kept`: has the client that the device has registered."""
    section = config.section
    form["client_id"] = section["client_id"]
    if section["client_secret"] or not section["client_id"]:
        from .confidential import ask

        return ask(config, kept, path, form)
    return post_form(config.url + section[path], form)


def register(config: "Config", now: int):
    kept = yield Keep()
    if not config.section["client_id"]:
        from .client import register

        kept = yield from register(config, kept, now)
    code: Any = kept.get("code")
    asked = None  # the code being polled: polled at once if it is from before a reset
    while True:
        path, form = "device_path", {"scope": config.section["scope"]}
        if code:
            yield Wait(code[3]) if asked else Show("approve this device", code[1], code[2])
            path, form = "token_path", {"grant_type": _GRANT, "device_code": code[0]}
        asked = code
        answer = yield ask(config, kept, path, form)
        found = answer.json()
        if "device_code" in found:
            if "verification_uri" not in found or not isinstance(found.get("interval"), int):
                from .code import check

                check(found)
            code = kept["code"] = need(found, "device_code", "user_code", "verification_uri")
            code.append(max(found["interval"], 1))
            yield Keep(kept)
        elif found.get("error") != "authorization_pending":
            from .undecided import decide

            code = yield from decide(config, kept, answer)


def pending(config: "Config", answer: "Answer") -> bool:
    """Whether `answer` goes to `register` or `refresh`, which raise refusals: any answer without an access token."""
    return "access_token" not in answer.json()


def parse(config: "Config", answer: "Answer") -> "Credential":
    from ...calendar import now
    from ...credential import Credential

    extra = answer.json()
    extra["now"] = now()
    # a refresh has `fill`, see renewal.py; any other request gets `len`, which changes nothing
    getattr(answer.request, "fill", len)(extra)
    return Credential(config, config.section["serial"], need(extra, "access_token")[0], extra)


def headers(credential: "Credential", now: int) -> dict[str, str]:
    return {"Authorization": "Bearer " + credential.secret.reveal()}


def base(config: "Config", credential: "Credential") -> str:
    """Later requests go to `api`, if another server than the authorization server has it."""
    return config.section["api"] or config.url


def expires(credential: "Credential") -> int:
    from .renewal import end

    return end(credential)


def refresh(config: "Config", credential: "Credential", now: int):
    from .renewal import steps

    return steps(config, credential)
