"""The one clock of the sandbox: the NTP server serves it, and all services check times against it."""

from __future__ import annotations

import datetime
import time

from .errors import BadOption

UTC = datetime.UTC
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = 0.0
LATEST = 253_370_764_800.0  # 9999-01-01: the clock runs on from there
_LAST = LATEST + 364 * 86_400


def parse_time(text: str) -> float:
    """Turn an ISO 8601 instant (``2017-02-02T12:00:00Z``) into Unix seconds; without a zone it is UTC.

    Raises BadOption if the text is not one.
    """
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise BadOption(f"{text!r} is not an ISO 8601 time: write it as 2017-02-02T12:00:00Z") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()


def format_time(seconds: float) -> str:
    """Unix seconds as ISO 8601 in UTC, to the millisecond."""
    # Not datetime.fromtimestamp: it refuses instants that the C library's time_t cannot hold.
    moment = _EPOCH + datetime.timedelta(seconds=min(max(seconds, -LATEST / 5), _LAST))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Clock:
    """Unix time that can be set and runs on from there. Reading and setting are atomic."""

    def __init__(self) -> None:
        self._offset = 0.0

    @property
    def offset(self) -> float:
        """Seconds by which it is ahead of the machine's clock."""
        return self._offset

    def now(self) -> float:
        """The sandbox's time in Unix seconds."""
        return time.time() + self._offset

    def today(self) -> datetime.date:
        """The sandbox's UTC day."""
        return (_EPOCH + datetime.timedelta(seconds=self.now())).date()

    def set(self, moment: str | float | None) -> None:
        """Set the clock to an ISO 8601 instant or to Unix seconds; None returns to the system's time."""
        if moment is None:
            self._offset = 0.0
            return
        seconds = parse_time(moment) if isinstance(moment, str) else moment
        if not EARLIEST <= seconds < LATEST:  # which NaN is not
            raise BadOption(f"{moment!r} is not a time from 1970 to 9998: write it as 2017-02-02T12:00:00Z")
        self._offset = seconds - time.time()
