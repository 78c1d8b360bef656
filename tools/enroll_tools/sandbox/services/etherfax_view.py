"""What the console shows of etherFAX."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Iterator
from typing import ClassVar

from ..state import Row
from .base import Call
from .etherfax import EtherFax, basic_credentials, registration_token
from .view import SEARCHED, Action, Answered, Comparison, DeviceView, Field, Seen, View

_DAY = datetime.timedelta(days=1)
# Where a clock that nobody has set begins on the boards.
_UNSET = (datetime.date(1970, 1, 1), datetime.date(2000, 1, 1), datetime.date(2021, 1, 1))

_RESET = "reset the device in the portal, and it registers again"


class EtherFaxView(View[EtherFax]):
    """Devices by serial number. One 403 means everything: here it is told what it meant."""

    empty = "There is no device yet: create one with the serial number that is in enroll.json, and enable it."
    made_by: ClassVar = {"create": "Create a device"}
    again = (Action("create", "Create again", {"serial": "{id}", "enabled": True}),)
    source = """
    SELECT *, serial AS _id, rowid AS _age, CASE WHEN enabled AND device_token IS NULL THEN 'enabled'
        WHEN enabled THEN 'registered' WHEN device_token IS NULL THEN 'created' ELSE 'disabled' END AS _state
    FROM etherfax_devices"""
    states: ClassVar = {
        "created": ("Not enabled", "It is refused with 403 until it is enabled: enable it."),
        "enabled": ("Enabled", "It may register once: start the device."),
        "registered": ("Registered", "It works with its DeviceToken, and may not register again: nothing to do."),
        "orphaned": ("Registered, token lost", f"It gets 403 whenever it asks again: {_RESET}."),
        "disabled": ("Disabled", "It gets 401 with its DeviceToken, which it keeps: enable it."),
        "deleted": ("Deleted", "It is refused with 403, its DeviceToken with 401: create it again."),
    }

    verdicts: ClassVar = {
        "registered": "The device has registered, and got its DeviceToken: nothing to do.",
        "unknown": "No device has this serial number: create it in the portal, or correct `serial` in enroll.json.",
        "deleted": "The device was deleted in the portal: create it again.",
        "not enabled": "The device is created but not enabled: enable it.",
        "disabled": "The device is disabled: enable it; it also has a DeviceToken, so reset it to let it register.",
        "again": "The token is right, but the device has registered before, and its DeviceToken is told only once: "
        + _RESET
        + ".",
        "registered, wrong token": f"The device has registered before: {_RESET}.",
        "missing": "The parameter id or token is missing, or is there twice: send each once.",
    }

    def shown(self, row: Row) -> DeviceView:
        """The device in a row."""
        given = {"serial": row["serial"]}
        actions = [
            Action("disable", "Disable", given, True) if row["enabled"] else Action("enable", "Enable", given),
            *([Action("reset", "Reset", given, True, True)] if row["device_token"] else []),
            Action("delete", "Delete", given, True),
        ]
        secrets = {"DeviceToken": row["device_token"]}
        return self.device(row["serial"], row["_state"], secrets=secrets, actions=actions)

    def device_in(self, call: Call) -> str:
        """The serial number in the query, or in the account."""
        serial = call.parameter("id")
        return serial or (basic_credentials(call.headers.get("Authorization", "")) or ("",))[0]

    def fields(self, seen: Seen) -> Iterator[Field]:
        """The parameters, the account, and the DeviceToken in the answer."""
        meanings = {
            "a": ("What is asked for.", False),
            "id": ("The device's serial number.", False),
            "token": ("MD5 of the year, the month, the MD5 of the serial number and the day of the year.", True),
        }
        for name, value in seen.call.query:
            yield Field(name, value, *meanings.get(name, ("The service does not read this.", False)))
        if seen.header("Authorization"):
            meaning = "HTTP Basic: the account device/<serial>, and the DeviceToken as password."
            yield Field("Authorization", seen.header("Authorization"), meaning, True)
        if "DeviceToken" in seen.answer:
            meaning = "The device's password from now on. It is told only once."
            yield Field("DeviceToken (answer)", str(seen.answer["DeviceToken"]), meaning, True)

    def reason(self, seen: Seen) -> Answered:
        """Why a device was refused, and what to do."""
        if seen.route == "/accounts":
            return self._account(seen)
        received = seen.call.parameter("token") or ""
        verdict = self.verdicts.get(seen.reason)
        differs = seen.reason in _WITH_TOKEN and received != seen.expected and not self._tolerated(seen)
        if seen.reason != "token" and not (differs and not seen.masked):
            return Answered(verdict or self._other(seen))
        found = self._token_fault(seen, received)
        # A token that is wrong besides matters, but only once the device may register at all.
        told = found if seen.reason == "token" else f"{verdict} Besides: {found}"
        return Answered(told, () if seen.masked else (Comparison("token", received, seen.expected),))

    def _other(self, seen: Seen) -> str:
        if seen.entry.status == 400:
            return "The parameter a is not an action that the sandbox knows: send a=register."
        return f"The service answered {seen.entry.status}: the reason cannot be told."

    def _tolerated(self, seen: Seen) -> bool:
        """Whether the token is of a neighbouring day, which the setting may have allowed then."""
        days = (seen_day(seen) - _DAY, seen_day(seen) + _DAY)
        tokens = [registration_token(seen.call.parameter("id") or "", day) for day in days]
        return self.service.settings.day_tolerance > 0 and seen.call.parameter("token") in tokens

    def _token_fault(self, seen: Seen, received: str) -> str:
        """What differs in a wrong token: told only if a changed input gives exactly this token."""
        if seen.masked:
            return "The token is wrong, and how cannot be told: show the secrets."
        serial, today = seen.call.parameter("id") or "", seen_day(seen)
        for day in _days(today):
            if registration_token(serial, day) == received:
                return _clock(today, day)
        for words, token in self._mistakes(serial, today):
            if token == received:
                return f"The token is wrong: {words}."
        if len(received) != 32:
            return f"The token has {len(received)} characters: send MD5 in 32 hexadecimal digits."
        return "The token is wrong, and what differs cannot be told: compare the firmware's serial number and formula."

    def _mistakes(self, serial: str, today: datetime.date) -> Iterator[tuple[str, str]]:
        """Tokens that other mistakes give."""
        right = registration_token(serial, today)
        yield "it is in capitals, so send lower-case hexadecimal digits", right.upper()
        yield "it is the MD5 of the serial number alone, so hash it with the date", _md5(serial)
        others = self.service.state.all("SELECT serial FROM etherfax_devices LIMIT ?", SEARCHED)
        for other in (*(row["serial"] for row in others), serial.lower(), serial.upper(), serial.strip()):
            if other != serial:
                for day in (today, today - _DAY, today + _DAY):
                    words = f"it was made from the serial number {other!r}, so correct `serial` in enroll.json"
                    yield words, registration_token(other, day)
        for words, text in _formulas(serial, today):
            yield words, _md5(text)

    def _account(self, seen: Seen) -> Answered:
        """The account check with the DeviceToken."""
        verdicts = {
            "authorised": "The device uses its DeviceToken, and it is right: nothing to do.",
            "no account": "The Authorization header is missing, or is not HTTP Basic in valid Base64 with the account "
            "device/<serial>: correct the header.",
            "unknown": "No device has this serial number: create it in the portal, and let the device register.",
            "deleted": "The device was deleted in the portal, which makes its DeviceToken invalid: create it "
            "again, and it registers by itself.",
            "not registered": "The device is not registered (any more): it registers again by itself.",
            "disabled": "The device is disabled: enable it.",
            "device token": "The password is not the DeviceToken of this device: reset it in the portal, and it "
            "registers again.",
        }
        given = basic_credentials(seen.header("Authorization"))
        expected: tuple[Comparison, ...] = ()
        if given and seen.expected and given[1] != seen.expected:
            expected = (Comparison("DeviceToken", given[1], seen.expected),)
        return Answered(verdicts.get(seen.reason) or self._other(seen), expected)


_WITH_TOKEN = ("unknown", "deleted", "not enabled", "disabled", "registered, wrong token")


def seen_day(seen: Seen) -> datetime.date:
    """The sandbox's UTC day when the request came."""
    return datetime.date(1970, 1, 1) + datetime.timedelta(seconds=seen.moment)


def _days(today: datetime.date) -> Iterable[datetime.date]:
    """The days that a wrong clock may show: two years around today, and the first days after each unset clock."""
    for number in range(1, 732):
        for sign in (-1, 1):
            try:
                yield today + sign * number * _DAY
            except OverflowError:
                continue
    for start in _UNSET:
        yield from (start + number * _DAY for number in range(31))


def _clock(today: datetime.date, day: datetime.date) -> str:
    off = (day - today).days
    if off == 0:
        return "The token is right for today: the setting of the sandbox's clock may have changed meanwhile."
    many = "a day" if abs(off) == 1 else f"{abs(off)} days"
    where = "behind" if off < 0 else "ahead"
    remedy = "set its clock (NTP), or correct `utc_offset`" if abs(off) == 1 else "set its clock (NTP)"
    if day in [start + number * _DAY for start in _UNSET for number in range(31)]:
        return f"The device's clock was never set, it shows {day}: let the device reach an NTP server."
    return f"The device's clock is {many} {where}, the token is of {day}: {remedy}."


def _formulas(serial: str, day: datetime.date) -> Iterator[tuple[str, str]]:
    """Texts to hash that differ from the vendor's formula in one part."""
    inner, year, month, number = _md5(serial), day.year, day.month, day.timetuple().tm_yday
    yield "its month counts from 1, so count from 0", f"{year - 1900:04d}:{month:02d}:{inner}.{number - 1:03d}"
    yield "its day counts from 1, so count from 0", f"{year - 1900:04d}:{month - 1:02d}:{inner}.{number:03d}"
    yield "its month and day count from 1, so count from 0", f"{year - 1900:04d}:{month:02d}:{inner}.{number:03d}"
    yield "its year is not counted from 1900", f"{year:04d}:{month - 1:02d}:{inner}.{number - 1:03d}"
    capitals = f"{year - 1900:04d}:{month - 1:02d}:{inner.upper()}.{number - 1:03d}"
    yield "its inner hash is in capitals, so send lower case", capitals
    yield "its serial number is not hashed first", f"{year - 1900:04d}:{month - 1:02d}:{serial}.{number - 1:03d}"


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "surrogatepass")).hexdigest()
