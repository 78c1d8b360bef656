"""The example application: makes one authorised call with the credential that registration has brought."""

from enroll.calls import example
from enroll.errors import EnrollError


def report(session) -> None:
    """Make the call, and print what came of it."""
    wanted = example(session.credential)
    if wanted is None:
        print("app: %s gives no credential to call with" % session.credential.provider)
        return
    method, path, body = wanted
    try:
        response = session.request(method, path, repeat=True, json=body)  # none of these calls hurts when made twice
        print("app: %s %s: HTTP %d" % (method, path.split("?")[0], response.status_code))
    except (OSError, EnrollError) as error:
        print("app: %s %s failed: %s" % (method, path.split("?")[0], error))


def main(session) -> None:
    """Called by main.py once the device is registered; a product's own program goes here."""
    report(session)
    while session.port.feed():  # a watchdog, where the board has one, ends a program that does not feed it
        session.port.sleep(1)
