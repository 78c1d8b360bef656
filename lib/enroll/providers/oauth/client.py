"""OAuth: dynamic registration of a client for this device (RFC 7591). Needed only where `register_path` is given."""

from ...errors import EnrollError
from .. import Request, need
from ..other_steps import Keep
from .refused import refused

if False:  # for type hints only
    from ...config import Config


def register(config: "Config", kept: dict, now: int):
    """Generator: return what is kept, with `client_id` and, if it has one, `client_secret`.

    No service repeats a secret. So a record is on flash before the request is sent, nothing waits between the answer
    and the next record, and a task that is cancelled meanwhile ends after that. A power cut in these milliseconds loses
    the client: the device then registers another one.
    """
    if "client_id" in kept:
        return kept
    section = config.section
    body = {
        "client_name": section["serial"],
        "grant_types": ["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
        "response_types": [],
        "redirect_uris": [],
        "token_endpoint_auth_method": "client_secret_post" if section["google"] else "client_secret_basic",
    }
    body.update(section["metadata"] or {})
    headers = {"Accept": "application/json"}
    if section["initial_token"]:
        headers["Authorization"] = "Bearer " + section["initial_token"].reveal()
    yield Keep({"_asked": now})
    answer = yield Request("POST", config.url + section["register_path"], body, headers)
    found = answer.json()
    if answer.status > 299 or "client_id" not in found:
        raise refused(config, answer, found)
    if answer.cut:  # its secret may be missing
        raise EnrollError("network", "no answer from the service", "", answer.cut)
    kept = {"client_id": need(found, "client_id")[0]}
    if found.get("client_secret"):
        kept["client_secret"] = need(found, "client_secret")[0]
    yield Keep(kept)
    return kept
