"""OAuth: requests of a client that has a secret, or that the device registered itself (RFC 6749, 2.3.1)."""

from ...basic import basic
from ...url import quote
from ..post_form import post_form

if False:  # for type hints only
    from ...config import Config
    from .. import Request


def ask(config: "Config", kept: dict, path: str, form: dict) -> "Request":
    """The same as the package's `ask`. Google wants the secret in the body, and only in the request for tokens."""
    section = config.section
    name, secret = section["client_id"], section["client_secret"]
    if name:
        secret = secret.reveal()
    else:
        name, secret = kept["client_id"], kept.get("client_secret")
    form["client_id"] = name
    headers = {}
    if not section["google"]:
        if secret:
            headers["Authorization"] = basic(quote(name), quote(secret))
    elif path == "token_path":
        form["client_secret"] = secret
    return post_form(config.url + section[path], form, headers)
