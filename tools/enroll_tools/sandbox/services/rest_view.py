"""What the console shows of a back end of one's own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import urllib.parse
from collections.abc import Iterator
from typing import ClassVar

from ..state import Row
from .base import Call, decode_json
from .rest import SHARED, Rest
from .view import Action, Answered, Comparison, DeviceView, Field, Seen, View

_MEANINGS = {
    "serial": "The device's serial number.",
    "code": "!The device's secret.",
}
_HEADERS = {
    "Authorization": "The device's secret, or its key once it has one.",
    "X-Timestamp": "Unix seconds by the device's clock, part of what is signed.",
    "X-Nonce": "A value that is used once, part of what is signed.",
    "X-Signature": "HMAC-SHA256 with the device's secret over serial number, time and nonce, in lines.",
    "X-Fleet-Token": "The device's secret.",
    "X-Api-Key": "The key that the device got when it registered.",
    "X-Auth-Token": "The key that the device got when it registered.",
}
_PLAIN = ("X-Timestamp", "X-Nonce")
# By reason: what the service compared.
_COMPARED = {
    "unknown claim code": "Authorization",
    "unknown fleet token": "X-Fleet-Token",
    "unknown password": "Authorization",
    "bad signature": "X-Signature",
    "unknown code": "code",
}


class RestView(View[Rest]):
    """Devices with a secret each, by which they register in one of five ways."""

    empty = "There is no device yet: create one, and put its secret under `secrets` in enroll.json."
    made_by: ClassVar = {"create": "Create a device"}
    again = (Action("create", "Create again", {"serial": "{id}"}),)
    source = """
    SELECT *, serial AS _id, rowid AS _age, CASE WHEN coalesce(key, '') != '' THEN 'registered'
        WHEN decision = 'denied' THEN 'disabled'
        WHEN coalesce(ticket, '') != '' AND decision = 'waiting' THEN 'waiting' ELSE 'enabled' END AS _state
    FROM rest_devices"""
    states: ClassVar = {
        "enabled": ("Created", "It may register with its secret: start the device."),
        "waiting": ("Waiting", "It has asked, and asks again until a person decides: accept or deny it."),
        "registered": ("Registered", "It works with its key, and may not register again: nothing to do."),
        "orphaned": (
            "Registered, key lost",
            "It gets 409 whenever it asks for its first key again: reset it, and it registers again.",
        ),
        "disabled": ("Denied", "Its request was denied: accept it, or delete it."),
        "deleted": ("Deleted", "It is refused with 403, its key with 401: create it again, with the same secret."),
    }
    verdicts: ClassVar = {
        "registered": "The device has registered, and got its key: nothing to do.",
        "unknown": "No device has this serial number: create it, or correct `serial` in enroll.json.",
        "deleted": "The device was deleted: create it again, with the secret that it has.",
        "again": "The request is right, but the device has registered before, and its key is told only once: reset "
        "the device, and it registers again.",
        "asked": "The device has asked for a person's decision: accept or deny it.",
        "waiting": "Nobody has decided yet: accept or deny the device.",
        "denied": "A person has denied the device: accept it, or leave it.",
        "replayed": "This nonce was used before: send another one in each request.",
        "no such request": "No device has this ticket: the device has asked again since, or was reset: look "
        "at its later requests.",
        "unknown key": "No device has this key: reset or create the device, and let it register.",
        "a JSON object is wanted": "The body is not a JSON object, or its Content-Type is not application/json: "
        "correct the step in enroll.json.",
        "a form is wanted": "The Content-Type is not application/x-www-form-urlencoded: use `form` in the step.",
        "unknown claim code": "The Authorization header is not Bearer and the device's secret: {}",
        "unknown fleet token": "The header X-Fleet-Token is not the device's secret: {}",
        "unknown password": "The Authorization header is not HTTP Basic with serial number and secret: {}",
        "unknown code": "The field code is not the device's secret: {}",
    }

    def shown(self, row: Row) -> DeviceView:
        """The device in a row."""
        given, state = {"serial": row["serial"]}, row["_state"]
        actions = [
            *([Action("accept", "Accept", given)] if state in ("waiting", "disabled") else []),
            *([Action("deny", "Deny", given, True)] if state == "waiting" else []),
            *([Action("reset", "Reset", given, True, True)] if row["key"] or row["ticket"] else []),
            Action("delete", "Delete", given, True),
        ]
        secrets = {"secret": row["secret"], "key": row["key"], "ticket": row["ticket"]}
        return self.device(row["serial"], state, secrets=secrets, details={"id": row["id"]}, actions=actions)

    def device_in(self, call: Call) -> str:
        """The serial number in the path, the JSON or the form; else the device that has the ticket or the key."""
        if "serial" in call.parts:
            return call.parts["serial"]
        if "ticket" in call.parts:
            return self._serial("ticket", call.parts["ticket"])
        if not call.body:
            keys = [call.headers.get(name, "").removeprefix("Bearer ") for name in SHARED]
            return next(filter(None, (self._serial("key", key) for key in keys if key)), "")
        return str(_members(call).get("serial", ""))

    def _serial(self, column: str, value: str) -> str:
        row = self.service.state.one(f"SELECT serial FROM rest_devices WHERE {column} = ?", value)
        return row["serial"] if row else ""

    def fields(self, seen: Seen) -> Iterator[Field]:
        """What the device sent, and the key in the answer."""
        for name, meaning in _HEADERS.items():
            if seen.header(name):
                yield Field(name, seen.header(name), meaning, name not in _PLAIN)
        yield from self.named(_members(seen.call), _MEANINGS)
        known = {
            "api_key": "!The device's key from now on.",
            "key": "!The device's key.",
            "token": "!The device's key.",
        }
        known.update(id="The device's id here.", ticket="!By this the device asks for the decision.")
        known.update(device="!The device's id and its key.", message="Why it was refused.", status="The decision.")
        known.update(serial="The device's serial number.", region="An example of what else a back end tells.")
        yield from self.named(seen.answer, known, " (answer)")

    def reason(self, seen: Seen) -> Answered:
        """Why a device was refused, and which part of a signature differs."""
        what = _COMPARED.get(seen.reason)
        if seen.reason == "too early or too late":
            return self._time(seen)
        if what is None or seen.masked:
            return Answered(self.told(seen))
        received = seen.header(what) if what != "code" else str(_members(seen.call).get("code", ""))
        pairs = (Comparison(what, received, seen.expected),)
        if seen.reason == "bad signature":
            return Answered(self._signature(seen, received), pairs)
        return Answered(self.verdicts[seen.reason].format(_difference(received, seen.expected)), pairs)

    def told(self, seen: Seen) -> str:
        """The verdict without a comparison."""
        if seen.reason in ("bad signature", "too early or too late"):
            return f"The request is refused ({seen.reason}), and what differs cannot be told: show the secrets."
        return super().told(seen).format("compare it with the one here.")

    def _time(self, seen: Seen) -> Answered:
        given = seen.header("X-Timestamp")
        pair = (Comparison("X-Timestamp", given, seen.expected, False),)
        if not given.isdecimal():
            return Answered("The signature is right, but X-Timestamp is not Unix seconds: send {now}.", pair)
        off = int(given) - int(seen.expected)
        where = "ahead" if off > 0 else "behind"
        return Answered(
            f"The signature is right, but the device's clock is {abs(off)} s {where}: set it (NTP), or allow more with "
            "the setting tolerance.",
            pair,
        )

    def _signature(self, seen: Seen, received: str) -> str:
        """Which input of a wrong signature differs: told only if a changed input gives exactly this signature."""
        if not received:
            return "The header X-Signature is missing: sign serial number, time and nonce."
        serial, moment, nonce = seen.body.get("serial", ""), seen.header("X-Timestamp"), seen.header("X-Nonce")
        row = self.service.state.one("SELECT secret FROM rest_devices WHERE serial = ?", serial)
        right = f"{serial}\n{moment}\n{nonce}"
        if row is None or _sign(row["secret"], right).hex() != seen.expected:
            return (
                "The signature was wrong, and the sandbox cannot tell why, because the device was changed since: "
                "start the device again."
            )
        for words, digest in _mistakes(row["secret"], serial, moment, nonce):
            if received in (digest.hex(), base64.b64encode(digest).decode()):
                return f"The signature is wrong: {words}."
        if received.lower() == seen.expected:
            return "The signature is in capitals: send lower-case hexadecimal digits."
        if received == base64.b64encode(bytes.fromhex(seen.expected)).decode():
            return "The signature is in Base64: send hexadecimal digits."
        for other in self.service.devices(reveal=True)[:2000]:
            if received == _sign(other["secret"], right).hex():
                return f"The signature was made with the secret of the device {other['serial']!r}: correct the secret."
        return (
            "The signature is wrong, made with another secret or over another text, and the sandbox cannot tell which: "
            "compare the secret, then what is signed."
        )


def _sign(key: str, message: str) -> bytes:
    return hmac.digest(key.encode(), message.encode("utf-8", "surrogatepass"), hashlib.sha256)


def _mistakes(key: str, serial: str, moment: str, nonce: str) -> Iterator[tuple[str, bytes]]:
    """Signatures that differ from the right one in one input."""
    yield "the time is not in it, so sign serial number, time and nonce", _sign(key, f"{serial}\n{nonce}")
    yield "the nonce is not in it, so sign serial number, time and nonce", _sign(key, f"{serial}\n{moment}")
    yield "only the serial number is in it, so sign serial number, time and nonce", _sign(key, serial)
    yield "the line breaks are not in it, so put one between the parts", _sign(key, serial + moment + nonce)
    yield "it ends with a line break, so leave that out", _sign(key, f"{serial}\n{moment}\n{nonce}\n")
    yield "time and nonce are exchanged, so sign the time first", _sign(key, f"{serial}\n{nonce}\n{moment}")
    yield "key and message are exchanged, so take the secret as the key", _sign(f"{serial}\n{moment}\n{nonce}", key)
    plain = f"{serial}\n{moment}\n{nonce}{key}".encode("utf-8", "surrogatepass")
    yield "it is SHA-256 and not HMAC, so use hmac_sha256", hashlib.sha256(plain).digest()


def _difference(received: str, expected: str) -> str:
    if not received:
        return "it is missing, so add it to the step in enroll.json."
    if received.strip() == expected.strip() or received.lower() == expected.lower():
        return "blanks or capitals differ, so copy it again."
    if received.partition(" ")[0] != expected.partition(" ")[0] and " " in expected:
        return f"it does not begin with {expected.partition(' ')[0]}, so correct the step in enroll.json."
    return "copy the secret of the device from here."


def _members(call: Call) -> dict[str, object]:
    """The members of the JSON object or the fields of the form in a body."""
    if "form" in call.headers.get("Content-Type", ""):
        return dict(urllib.parse.parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        value = decode_json(call.body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
