"""Power is cut here: memory that counts its operations, and the runner that lets it fail at operation 1, 2, 3 ...

`with flash:` is a boot: the files are there until its end. What fails in other ways at each operation, because
it is full or worn, is a Failure too.
"""

from enroll.errors import EnrollError


class Cut(BaseException):
    """The power is gone, or the watchdog has reset the board: nothing in the library may catch it."""


class Failure:
    """How memory fails. `leaves`: the effect of that operation, "clean": nothing is done, "torn": half of it,
    "erased": its bytes are 0xFF, or "done". `errno`: what is raised then; without one, the power is gone. `lasting`:
    all later operations fail too.
    """

    def __init__(self, leaves="clean", errno=None, lasting=True):
        self.leaves = leaves
        self.errno = errno
        self.lasting = lasting

    def __repr__(self):
        what = "power is cut" if self.errno is None else "error %d%s" % (self.errno, " from then on" * self.lasting)
        return "%s (%s)" % (what, self.leaves)

    def rest(self, data):
        """What is written of `data` where it fails."""
        if self.leaves == "torn":
            return data[: len(data) // 2]
        return {"clean": b"", "done": data, "erased": b"\xff" * len(data)}[self.leaves]


CLEAN, TORN, ERASED = Failure("clean"), Failure("torn"), Failure("erased")


class Memory:
    """What counts the operations that change it in `done`; number `at` of them fails as `failure` says (0: none).

    `off`: the power is gone.
    """

    at = done = 0
    off = False
    failure = CLEAN

    def fail(self, at=0, failure=CLEAN):
        """Count from 1 again and fail at operation `at`; without arguments, all is well again."""
        self.at, self.done, self.failure, self.off = at, 0, failure, False

    def fails(self):
        """Count an operation; whether it fails."""
        self.done += 1
        failed = self.reached() and (self.done == self.at or self.failure.lasting)
        self.off = failed and self.failure.errno is None
        return failed

    def reached(self):
        """Whether the operation that fails has come."""
        return 0 < self.at <= self.done

    def error(self):
        """What to raise for an operation that fails."""
        return Cut() if self.failure.errno is None else OSError(self.failure.errno, "fault")


class Point:
    """Where memory has failed: at operation `at` (0: nowhere) as `failure` says. `error`: what the scenario raised."""

    def __init__(self, at, failure, error):
        self.at = at
        self.failure = failure
        self.error = error

    def __repr__(self):
        return "operation %d: %r, %r" % (self.at, self.failure, self.error) if self.at else "no failure"


def cuts(make, scenario, failures=(CLEAN,), first=1, step=1):
    """Run `scenario(it)` on what `make()` gives, which has a Memory as `flash` or is one. First nothing fails; then it
    fails at operation 1, 2, 3 ... (or from `first` on at each `step`) to the last, in the way of each of `failures`.

    Yields (Point, it) after each run; the memory still fails then. A scenario may raise Cut, EnrollError and OSError.
    """
    count = yield from _run(make, scenario, 0, CLEAN)
    for failure in failures:
        for at in range(first, count + 1, step):
            yield from _run(make, scenario, at, failure)


def _run(make, scenario, at, failure):
    """One run; returns how many operations it has made."""
    it = make()
    flash = getattr(it, "flash", it)
    flash.fail(at, failure)
    error = None
    try:
        scenario(it)
    except (Cut, EnrollError, OSError) as raised:
        if not flash.reached():
            raise
        error = raised
    assert flash.reached() or not at, "it takes less than %d operations this time" % at
    done = flash.done
    yield Point(at, failure, error), it
    return done


def cut_everywhere(make, scenario, check, failures=(CLEAN,), **where):
    """Call `check(it, point)` after each run of `cuts`, with memory that works again. Returns the numbers of the
    operations that have failed: a board has no room for the Points and what they raised.
    """
    points = []
    for point, it in cuts(make, scenario, failures, **where):
        getattr(it, "flash", it).fail()
        try:
            check(it, point)
        except BaseException:
            print("at", point)
            raise
        if point.at:
            points.append(point.at)
    assert points, "the scenario changes nothing, so nothing can fail"
    return points
