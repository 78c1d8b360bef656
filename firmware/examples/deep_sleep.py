"""A device that sleeps between its attempts to register, and later between its reports: main.py for an ESP32.

Deep sleep ends in a reset, so every wake runs this from the top. The RTC's memory survives sleep: it holds the time of
the next attempt, which costs no write to flash.
"""

import time

import enroll
import machine

PERIOD = 900  # seconds between two wakes of a device that is registered
LONGEST = 3600  # seconds of one sleep: some chips cannot count further


def work(session) -> None:
    """Do what the device wakes for. Allow each request to be repeated: the session does not survive the sleep. If the
    device was deleted at the service, both 401s must come in one wake for it to register again.
    """
    response = session.request("POST", "/v1/devices/{id}/telemetry", repeat=True, json={"status": "online"})
    print("HTTP", response.status_code)


def wake(now: float) -> float:
    """Do what is due at `now`, and return the seconds to sleep."""
    import port

    config = enroll.Config.load("enroll.json")
    enroller = enroll.Enroller(config, port, log=print)
    try:
        action = enroller.step(now)
        if not action.credential:
            print("%s: %s" % (action.error.kind, action.error) if action.error else "not due yet")
            return action.at - now
        session = enroll.Session(config, port, action.credential, print)
        try:
            work(session)
        finally:
            session.close()
    finally:
        enroller.close()
    return PERIOD


pause = PERIOD
try:
    pause = wake(time.time())  # the time before the step, which may set the clock
except Exception as error:  # any error: the next wake tries again
    print("%s: %s" % (getattr(error, "kind", type(error).__name__), error))
    pause = max(PERIOD, getattr(error, "retry_after", None) or 0)
machine.deepsleep(int(1000 * max(1, min(pause, LONGEST))))
