"""A device that sleeps between its attempts to register, and between its reports after that: main.py for an ESP32.

Deep sleep ends in a reset, so that every wake runs this from the top. When the next attempt is due lies in the memory
of the RTC, which outlasts sleep and costs no write to flash.
"""

import time

import enroll
import machine
import port

PERIOD = 900  # seconds between two wakes of a device that is registered
LONGEST = 3600  # seconds of one sleep: some chips count no further


def work(session) -> None:
    """What the device wakes for."""
    print("HTTP", session.request("POST", "/v1/devices/{id}/telemetry", json={"status": "online"}).status_code)


def wake() -> float:
    """Do what is due now, and return the seconds to sleep."""
    config = enroll.Config.load("enroll.json")
    enroller = enroll.Enroller(config, port, log=print)
    now = time.time()  # before the step, which may set the clock
    try:
        action = enroller.step(now)
        if not action.credential:
            return action.at - now
        work(enroll.Session(config, port, action.credential, print))
    except (OSError, enroll.EnrollError) as error:
        print(error)
    finally:
        enroller.close()
    return PERIOD


machine.deepsleep(int(1000 * min(wake(), LONGEST)))
