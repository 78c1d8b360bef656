"""Boot: read enroll.json, register unless that is done, hand over to app.py.

A board runs this at each boot. It stops at the prompt only after a mistake in enroll.json, a failed write to flash,
Ctrl-C, or when app.py returns. After anything else it waits and starts again.
On the unix port:

    MICROPYPATH=lib:boards/unix:.frozen micropython firmware/main.py enroll.json [--once] [--app]

Progress goes to stderr. The last line of stdout is the outcome, and the exit status tells it to programs.
"""

import gc

# First of all: collecting often lets a small heap do. On a large one it would only cost time, even if little is free.
# Each question takes time, too: gc looks at every block. A new name would cost 1 KB; gc has this one anyway.
mem_free = gc.mem_free()
gc.threshold(512 if mem_free < 98304 and mem_free + gc.mem_alloc() < 98304 else mem_free // 4)

import sys  # noqa: E402

import enroll  # noqa: E402

TRY_AGAIN = 75  # exit status, see enroll/errors.py
PATIENCE = 30  # seconds that a single attempt waits for the service to decide, see enroll/steps.py
PAUSE = 60  # seconds until the board starts again


def log(line: str) -> None:
    print("enroll:", line, file=sys.stderr)


def register(config, port, known, single: bool):
    """Return the `known` credential, or register: in one attempt if `single`, else in as many as it takes."""
    one_time = getattr(config.service, "ONE_TIME", None)  # if it is not erased yet, the enroller has to do that
    if known and not (one_time and config.section[one_time]) and not config.moved_from:
        return known
    if not single:
        return enroll.run(config, port, log=log)
    from enroll import tasks

    enroller = enroll.Enroller(config, port, log=log)
    enroller.patience = PATIENCE
    try:
        action = tasks.run(enroller.attempt(), port.feed, port.sleep, enroller)
    finally:
        enroller.close()
    if action.error:
        raise action.error
    return action.credential


def boot(path: str, single: bool = False):
    """Register the device that the configuration at `path` describes, and do what else it asks for.

    `single`: make only one attempt. Returns (exit status, outcome to print, arguments for a Session or None).
    """
    found = None
    try:
        import port

        config = enroll.Config.load(path)
        known = enroll.stored(config, port)
        credential = register(config, port, known, single)
        found = (config, port, credential, log)
        wanted = config.section.get
        if wanted("check") or wanted("address") or wanted("children"):
            from enroll.calls import settle_now

            settle_now(not known, *found)
        return 0, "registered %s %s" % (credential.provider, credential.device_id), found
    except enroll.EnrollError as error:
        return enroll.errors.status(error.kind), "%s: %s" % (error.kind, error), found
    except MemoryError:
        return TRY_AGAIN, "memory: not enough heap: free some, or restart", found
    except ImportError as error:
        return (
            enroll.errors.status("configuration"),
            "configuration: %s: copy what is missing to the board" % error,
            found,
        )
    except Exception as error:
        sys.print_exception(error, sys.stderr)  # type: ignore[arg-type]
        return TRY_AGAIN, "network: unexpected %s: will retry" % type(error).__name__, found


def main(arguments: list[str]) -> int:
    """Boot and print the outcome; then, on a board or with --app, run the application. Returns the exit status."""
    words = [word for word in arguments if word not in ("--once", "--app")]
    if len(words) > 1 or "".join(words).startswith("-"):
        print("enroll: configuration: usage: main.py [enroll.json] [--once] [--app]")
        return 78
    status, outcome, found = boot(words[0] if words else "enroll.json", "--once" in arguments)
    print("enroll:", outcome)
    if found and (not arguments or "--app" in arguments):
        gc.collect()  # so that what the application keeps leaves TLS its heap in one piece
        gc.threshold(-1)  # back to the default: the application may set its own
        try:
            import app

            app.main(enroll.Session(*found))
        except Exception as error:
            sys.print_exception(error, sys.stderr)  # type: ignore[arg-type]
            print("enroll: app.py failed, %s" % type(error).__name__, file=sys.stderr)
            return TRY_AGAIN
    return status


def leave(status: int, platform: str) -> None:
    """End the program: on a computer exit with `status`, on a board start again or stay at the prompt."""
    if platform in ("linux", "darwin"):
        sys.exit(status)
    if status == TRY_AGAIN:
        import time

        print("enroll: restarting in %d s" % PAUSE, file=sys.stderr)
        port = sys.modules.get("port")
        (port.sleep if port else time.sleep)(PAUSE)  # the port's sleep feeds the watchdog
        sys.exit()  # on a board this is a soft reset


if __name__ == "__main__":
    try:
        leave(main(sys.argv[1:]), sys.platform)
    except KeyboardInterrupt:  # or a page that looks for Improv
        import port
        from enroll import failed  # only names that a boot has anyway: a new one would take 1 KB of heap

        path = "".join(sys.argv[1:2]) or "enroll.json"
        failed.run(port, lambda: enroll.Enroller(enroll.Config.load(path), port, log=log))
        sys.exit()  # on a board this is a soft reset
