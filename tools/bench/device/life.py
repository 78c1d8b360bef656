"""Registers one device after another, and lets some of them make requests: life.py's counterpart on the device.

The file `fleet` has an enroll.json in each line. Of each EVERY devices the last one makes REQUESTS requests.
"""

import gc

OFTEN = 512  # bytes, as firmware/main.py sets it on so small a heap
gc.threshold(OFTEN)

import enroll  # noqa: E402
import micropython  # noqa: E402
import port  # noqa: E402
from enroll import tasks  # noqa: E402
from enroll.calls import example  # noqa: E402


def report(number):
    """Print what is free after `number` devices, and the largest block of it."""
    gc.collect()
    gc.collect()
    print("@devices", number)
    micropython.mem_info()


def register(config):
    """Register in one attempt, as firmware/main.py does with --once; returns the Credential."""
    enroller = enroll.Enroller(config, port)
    try:
        action = tasks.run(enroller.attempt(), port.feed, port.sleep, enroller)
    finally:
        enroller.close()
    if action.error:
        raise action.error
    return action.credential


def ask(config, credential, count):
    """Make `count` requests over one connection, as an application does."""
    gc.collect()
    gc.threshold(-1)  # both as firmware/main.py does before the application
    session = enroll.Session(config, port, credential)
    try:
        for _ in range(count):
            method, path, body = example(credential)
            response = session.request(method, path, repeat=True, json=body)
            if response.status_code >= 300:
                raise OSError("status %d" % response.status_code)
            response.close()
    finally:
        session.close()
        gc.collect()
        gc.threshold(OFTEN)


def live(line, count):
    """What one device does: register, make `count` requests, forget its credential."""
    with open("enroll.json", "w") as file:
        file.write(line)
    config = enroll.Config.load("enroll.json")
    credential = register(config)
    if count:
        ask(config, credential, count)
    enroll.forget(config, port)


def main(every, requests):
    """All of the fleet. Returns the exit status."""
    done = 0
    report(done)
    with open("fleet") as fleet:
        line = fleet.readline()
        while line:
            try:
                live(line, 0 if (done + 1) % every else requests)
            except Exception as error:
                print("@failed", done, error)
                report(done)
                return 1
            done += 1
            if done in (every, 2 * every) or done % (10 * every) == 0:
                report(done)
            line = fleet.readline()
    report(done)
    return 0
