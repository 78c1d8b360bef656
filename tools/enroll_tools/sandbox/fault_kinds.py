"""Faults by name: what goes wrong in the field most often. The API, the command line, the console and the docs read
them here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

DAY = 86_400
MOST = 20  # requests in a second that an overloaded service takes, where nothing else is said
# in place of a service: the NTP server and the https port, which all devices share
ALL_NTP, ALL_TLS = "ntp", "tls"


class Kind(NamedTuple):
    """What a device meets, what a good one does then, and how it is done: fields of Fault.

    ``service``: "" if the fault may be one service's or one device's, else what all of them share.
    """

    label: str
    meets: str
    does: str
    fields: Mapping[str, Any]
    service: str = ""


_LATER = "tries again later"
_AFTER_5 = "waits for 5 seconds at least, then tries again"
_CLOCK = "ignores it, and asks another server, the service's Date, or its own clock"
_CERTIFICATE = "sends nothing, names the reason, and tries again later"

KINDS = {
    "lost-answer": Kind(
        "Lose the answer",
        "The service does its work, and the connection ends without an answer: after a registration, the board is "
        "registered and does not know it.",
        "says that it may be registered, and asks for a reset in the portal if the service registers once",
        {"drop": "after"},
    ),
    "refused-before": Kind(
        "Close before the work", "The connection ends before the service sees the request.", _LATER, {"drop": "before"}
    ),
    "silence": Kind(
        "Say nothing",
        "No answer comes, and the connection stays open; the service does not see the request.",
        "gives up after its time-out, and " + _LATER,
        {"drop": "before", "delay": 3600.0},
    ),
    "slow": Kind("Answer late", "The answer comes 5 seconds after the work.", "waits for it", {"delay": 5.0}),
    "busy": Kind("Be busy", "503 with Retry-After: 5.", _AFTER_5, {"status": 503, "headers": {"Retry-After": "5"}}),
    "rate-limited": Kind(
        "Limit the rate", "429 with Retry-After: 5.", _AFTER_5, {"status": 429, "headers": {"Retry-After": "5"}}
    ),
    "unauthorized": Kind(
        "Answer 401",
        "Whatever the board shows is refused, and the service does not see it.",
        "asks again after some seconds, then registers again, and keeps its credential meanwhile",
        {"status": 401},
    ),
    "server-error": Kind("Fail", "500, and the service does not see the request.", _LATER, {"status": 500}),
    "flapping": Kind("Flap", "Every other request gets 503, the first one too.", _LATER, {"status": 503, "every": 2}),
    "overloaded": Kind(
        "Be overloaded",
        f"Each request beyond {MOST} in a second gets 503, and the service does not see it.",
        _LATER,
        {"status": 503, "most": MOST},
    ),
    "truncated": Kind(
        "Cut the answer",
        "The connection ends after 10 bytes of the body.",
        "keeps what has come, and says that the answer was cut",
        {"truncate": 10},
    ),
    "oversized": Kind(
        "Answer at length",
        "JSON of 60 000 bytes, the needed fields last.",
        "keeps what matters, or says that it is too long",
        {"shape": "long-body=60000"},
    ),
    "captive-portal": Kind(
        "Show a portal",
        "The sign-in page of a guest network comes in place of the answer.",
        "takes it for the network's word, not the service's, and " + _LATER,
        {"shape": "portal"},
    ),
    "gzip": Kind("Compress", "The answer is compressed, though nobody asked for it.", "reads it", {"shape": "gzip"}),
    "wrong-json": Kind(
        "Spoil the JSON", "The answer lacks its last brace.", "reads what is whole", {"shape": "no-brace"}
    ),
    **{
        f"certificate-{name}": Kind(f"Certificate: {words}", f"{meets} at the https port.", _CERTIFICATE, {}, ALL_TLS)
        for name, words, meets in (
            ("expired", "expired", "The certificate has expired,"),
            ("not-yet-valid", "not yet valid", "The certificate is not valid yet,"),
            ("wrong-host", "another host's", "The certificate is for another host,"),
            ("other-ca", "unknown CA's", "The certificate is of another CA,"),
        )
    },
    "ntp-silent": Kind("Time: say nothing", "The NTP server does not answer.", _CLOCK, {}, ALL_NTP),
    "ntp-day-ahead": Kind(
        "Time: a day ahead",
        "The NTP server's time is a day ahead.",
        "uses it: tokens of a day are refused",
        {},
        ALL_NTP,
    ),
    "ntp-day-behind": Kind(
        "Time: a day behind",
        "The NTP server's time is a day behind.",
        "uses it: tokens of a day are refused",
        {},
        ALL_NTP,
    ),
    "ntp-forged": Kind(
        "Time: forge", "A forged answer comes before the true one.", "waits for the true one", {}, ALL_NTP
    ),
    "ntp-kiss-of-death": Kind("Time: refuse", "The NTP server asks for fewer queries.", _CLOCK, {}, ALL_NTP),
    "ntp-unsynchronized": Kind(
        "Time: unsynchronized", "The NTP server says that its clock is not set.", _CLOCK, {}, ALL_NTP
    ),
}
OFFSETS = {"ntp-day-ahead": DAY, "ntp-day-behind": -DAY}  # seconds; the other kinds of NTP are names of ntp.FAULTS
EXPIRES = 600.0  # seconds, where nothing else is said
