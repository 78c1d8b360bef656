"""OAuth: what a registered device may call. Which calls there are depends on the server that `api` names."""

if False:  # for type hints only
    from ...credential import Credential


def example(credential: "Credential"):
    """See `enroll.calls.example`: `api`, as the userinfo endpoint of OpenID Connect is one."""
    return ("GET", "", None) if credential.config.section["api"] else None


def settle(session, new: bool):
    """Nothing is left to do. See `enroll.calls.settle`."""
    yield from ()
