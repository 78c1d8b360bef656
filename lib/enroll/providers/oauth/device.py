"""OAuth: calls of a registered device. Which there are depends on the server of `api`."""

if False:  # for type hints only
    from ...credential import Credential


def example(credential: "Credential"):
    """See `enroll.calls.example`: GET `api`, for example OpenID Connect's userinfo endpoint."""
    return ("GET", "", None) if credential.config.section["api"] else None


def settle(session, new: bool):
    """Task: nothing to do here. See `enroll.calls.settle`."""
    yield from ()
