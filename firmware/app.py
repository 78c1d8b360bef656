"""The example application: makes one authorised call with the device's credential."""

from enroll.calls import example
from enroll.errors import EnrollError


def report(session) -> None:
    """Make the call and print its outcome."""
    wanted = example(session.credential)
    if wanted is None:
        print("app: %s gives no credential to call with" % session.credential.provider)
        return
    method, path, body = wanted
    try:
        response = session.request(method, path, repeat=True, json=body)  # safe to send twice
        print("app: %s %s: HTTP %d" % (method, path.split("?")[0], response.status_code))
    except (OSError, EnrollError) as error:
        print("app: %s %s failed: %s" % (method, path.split("?")[0], error))


def main(session) -> None:
    """main.py calls this once the device is registered. Put your product's program here."""
    report(session)
    while session.port.feed():  # while the board has a watchdog: it resets the board unless it is fed
        session.port.sleep(1)
