"""Boot: read enroll.json, register if that is not done yet, hand over to app.py.

On a board it runs by itself. On the unix port:

    MICROPYPATH=lib:boards/unix:.frozen micropython firmware/main.py enroll.json [--once] [--app]

Progress goes to stderr; the last line of stdout is the outcome, and the exit status says the same to a program.
"""

import gc

gc.threshold(512)  # first of all: a heap that is collected often needs to be 8 KB less

import sys  # noqa: E402

import enroll  # noqa: E402

# exit statuses, after BSD's sysexits.h
STATUS = {"configuration": 78, "storage": 74, "answer": 76, "refused": 77, "orphaned": 77}
TRY_AGAIN = 75


def log(line: str) -> None:
    print("enroll:", line, file=sys.stderr)


def register(config, port, known, single: bool):
    """The credential: the one that is `known`, or after one attempt (`single`) or as many as it takes."""
    one_time = getattr(config.service, "ONE_TIME", None)  # not erased yet? then the enroller has to
    if known and not (one_time and config.section[one_time]) and not config.moved_from:
        return known
    if not single:
        return enroll.run(config, port, log=log)
    enroller = enroll.Enroller(config, port, log=log)
    try:
        action = enroll.wait.run(enroller.attempt(), port.feed, port.sleep)
    finally:
        enroller.close()
    if action.error:
        raise action.error
    return action.credential


def boot(path: str, single: bool = False):
    """Register what the configuration at `path` describes, and do what else it asks for.

    Returns (exit status, what to print, what a Session is made of or None).
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
            enroll.services.settle_now(not known, *found)
        return 0, "registered %s %s" % (credential.provider, credential.device_id), found
    except enroll.EnrollError as error:
        return STATUS.get(error.kind, TRY_AGAIN), "%s: %s" % (error.kind, error), found
    except MemoryError:
        return TRY_AGAIN, "memory: not enough heap: free some, or restart", found


def main(arguments: list[str]) -> int:
    """Boot, print the outcome, and on a board (or with --app) go on with the application. Returns the exit status."""
    words = [word for word in arguments if word not in ("--once", "--app")]
    if len(words) > 1 or "".join(words).startswith("-"):
        print("enroll: configuration: usage: main.py [enroll.json] [--once] [--app]")
        return 78
    status, outcome, found = boot(words[0] if words else "enroll.json", "--once" in arguments)
    print("enroll:", outcome)
    if found and (not arguments or "--app" in arguments):
        import app

        gc.threshold(-1)  # the application decides for itself
        app.main(enroll.Session(*found))
    return status


if __name__ == "__main__":
    status = main(sys.argv[1:])
    if sys.platform in ("linux", "darwin"):  # a board has no use for a status: it stays at its prompt
        sys.exit(status)
