"""What the console shows of Azure's Device Provisioning Service and its hub."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import quote, unquote

from ..state import Row
from .azure import Azure
from .azure_token import derived, fields_of, signed
from .base import Call
from .view import SEARCHED, Action, Answered, Comparison, DeviceView, Field, Seen, Table, View

_TOKEN = {
    "sr": "The resource that the token is for.",
    "sig": "!HMAC-SHA256 with the device's key over sr, a line break and se, in Base64.",
    "se": "When the token expires, in Unix seconds.",
    "skn": "The policy: registration at the provisioning service, none at the hub.",
}


class AzureView(View[Azure]):
    """Individual enrollments, and the hub that they are assigned to."""

    empty = (
        "There is no enrollment yet: create one with the id that is `serial` in enroll.json, and copy its key there."
    )
    made_by: ClassVar = {"create": "Add individual enrollment", "create_in_group": "Add a device of a group"}
    source = """
    SELECT *, id AS _id, rowid AS _age, CASE WHEN NOT enabled THEN 'disabled' WHEN assigned THEN 'registered'
        WHEN outcome IS NULL AND coalesce(operation, '') != '' THEN 'waiting' ELSE 'enabled' END AS _state
    FROM azure_devices"""
    polls = frozenset({"assigning"})
    states: ClassVar = {
        "enabled": ("Unassigned", "It is enrolled and may register: start the device."),
        "waiting": ("Assigning", "It polls until a hub is assigned: wait."),
        "registered": ("Assigned", "It works at its hub with its own key, and may register again: nothing to do."),
        "orphaned": ("Assigned, answer lost", "It asks again by itself and gets the same hub: nothing to do."),
        "disabled": ("Disabled", "Its registration ends as disabled, and the hub refuses it with 401: enable it."),
        "deleted": ("Deleted", "It gets 401, here and at the hub: add the enrollment again, with the key it has."),
    }
    verdicts: ClassVar = {
        "registered": "A hub is assigned: nothing to do.",
        "assigning": "The service is still assigning a hub: the device asks again after Retry-After seconds.",
        "failed": "The assignment failed, as `fail` asked for: let it succeed again, and the device starts over.",
        "disabled": "The enrollment is disabled: enable it, and the device starts over.",
        "unknown": "No enrollment has this registration id: add one, or correct `serial` in enroll.json.",
        "deleted": "The enrollment was deleted: add it again with the device's key.",
        "hub disabled": "The enrollment is disabled, and with it the device in the hub: enable it.",
        "not assigned": "The hub has no such device (it was deleted there, or never assigned): the device registers "
        "again by itself.",
        "api-version": "The api-version is missing, or is not one that the sandbox knows: send 2021-06-01.",
        "scope": "The id scope is wrong: correct `id_scope` in enroll.json.",
        "id": "registrationId in the body is missing or differs from the path: send the same id in both.",
        "operation": "The service does not know this operation (a newer one has replaced it): the device starts over.",
        "lock": "The message was completed before, or its lock is another: fetch the next message.",
        "no token": "The Authorization header is missing, or is no SharedAccessSignature: send the token.",
        "se": "The field se of the token is missing, or is not Unix seconds: send the time at which the token expires.",
        "skn": "The field skn of the token is wrong: send skn=registration to the provisioning service, and no skn to "
        "the hub.",
        "sr": "The token is for another resource: sign the one that is called.",
    }

    def shown(self, row: Row) -> DeviceView:
        """The enrollment in a row."""
        given = {"device_id": row["id"]}
        actions = [
            Action("disable", "Disable", given, True) if row["enabled"] else Action("enable", "Enable", given),
            *([Action("delete", "Delete device from the hub", given, True)] if row["assigned"] else []),
            Action("delete_enrollment", "Delete enrollment", given, True),
        ]
        details = {"payload": row["payload"] if row["payload"] != "null" else ""}
        secrets = {"device_key": row["device_key"]}
        return self.device(row["id"], row["_state"], secrets=secrets, details=details, actions=actions)

    def tables(self) -> list[Table]:
        """The messages from devices, and those that wait for one."""
        return [
            self.table(
                "Messages from devices",
                "azure_events",
                ("device", "body"),
                "No message yet: register a device, and let it send.",
            ),
            self.table(
                "Messages to devices",
                "azure_messages",
                ("device", "body"),
                "No message waits: send one to a device.",
            ),
        ]

    def device_in(self, call: Call) -> str:
        """The id in the path."""
        return call.parts.get("id", "")

    def fields(self, seen: Seen) -> Iterator[Field]:
        """The path, the token's fields, and the answer."""
        parts = {"scope": "The id scope of the service.", "id": "The registration id, or the device's id at the hub."}
        parts.update(operation="Which registration is asked about.", lock="Which message was taken.")
        yield from self.named(seen.call.parts, parts)
        yield from self.named(dict(seen.call.query), {"api-version": "The version of the API."})
        yield from self.named(fields_of(seen.header("Authorization")), _TOKEN)
        body = {"registrationId": "The id once more.", "payload": "What an allocation function may read."}
        if (seen.route or "").endswith("/register"):
            yield from self.named(seen.body, body)
        answer = {
            "operationId": "By this the device asks how the assignment goes.",
            "status": "How it goes.",
            "registrationState": "The hub and the device's id, once they are assigned.",
            "errorCode": "The number of the error.",
            "message": "The error in words; the real service tells no more.",
            "trackingId": "What support would ask for.",
        }
        yield from self.named(seen.answer, answer, " (answer)")

    def reason(self, seen: Seen) -> Answered:
        """Why a token was refused, and which of its inputs differs."""
        given = fields_of(seen.header("Authorization"))
        plain = {"api-version": seen.call.parameter("api-version"), "scope": seen.call.parts.get("scope"), **given}
        if seen.reason == "expired":
            return self._expired(seen, given.get("se", ""))
        if seen.masked and seen.reason in ("no token", "se", "skn", "sr", "sig"):
            return Answered(self.told(seen) if seen.reason != "sig" else "The signature is wrong: show the secrets.")
        if seen.reason == "sig":
            received = unquote(given.get("sig", ""))
            return Answered(self._signature(seen, given, received), (Comparison("sig", received, seen.expected),))
        pairs: tuple[Comparison, ...] = ()
        if seen.reason in ("api-version", "scope", "se", "skn", "sr"):
            what = unquote(plain.get(seen.reason) or "")
            pairs = (Comparison(seen.reason, what, seen.expected, False),)
        return Answered(self.told(seen), pairs)

    def _expired(self, seen: Seen, until: str) -> Answered:
        pair = Comparison("se", until, f"later than {seen.expected}", False)
        late = int(seen.expected) - int(until) if until.isdecimal() else 0
        return Answered(
            f"The token is signed right, but expired {late} s ago: make a new one, and set the device's clock (NTP) if "
            "it was made just now.",
            (pair,),
        )

    def _signature(self, seen: Seen, given: dict[str, str], received: str) -> str:
        """Which input of a wrong signature differs: told only if a changed input gives exactly this signature."""
        if not received:
            return "The field sig of the token is missing: send the signature."
        row = self.service.state.one("SELECT device_key FROM azure_devices WHERE id = ?", seen.call.parts["id"])
        resource, until = given["sr"], given["se"]
        if row is None or signed(resource, row["device_key"], until) != seen.expected:
            return (
                "The signature was wrong, and the sandbox cannot tell why, because the enrollment was changed since: "
                "start the device again."
            )
        for words, signature in _mistakes(row["device_key"], resource, until, seen.call.parts["id"]):
            if received == signature:
                return f"The signature is wrong: {words}."
        for other in self.service.state.all("SELECT id, device_key FROM azure_devices LIMIT ?", SEARCHED):
            if received == signed(resource, other["device_key"], until):
                return f"The signature was made with the key of {other['id']!r}: correct `device_key` in enroll.json."
        try:
            whole = len(base64.b64decode(received, validate=True)) == 32
        except binascii.Error:
            whole = False
        if not whole:
            return "The signature is not 32 bytes in Base64, quoted as in a URL: encode it so."
        return (
            "The signature is wrong, made with another key or over another text, and the sandbox cannot tell which: "
            "copy the key again."
        )


def _mistakes(key: str, resource: str, until: str, device_id: str) -> Iterator[tuple[str, str]]:
    """Signatures that differ from the right one in one input."""
    plain = unquote(resource)
    other = quote(plain, safe="")
    for text in dict.fromkeys((plain, other, other.lower())):
        if text != resource:
            yield (
                f"the text that it signs spells the resource as {text}, and sr does not: spell both alike",
                signed(text, key, until),
            )
    digest = hmac.digest(base64.b64decode(key), f"{resource}\n{until}".encode(), hashlib.sha256)
    yield "it is in hexadecimal digits, so send Base64", digest.hex()
    yield "the key was not decoded from Base64, so decode it", _raw(key.encode(), f"{resource}\n{until}")
    yield "the line break before se is missing in the text", _raw(base64.b64decode(key), resource + until)
    yield "the text ends with a line break, so leave that out", _raw(base64.b64decode(key), f"{resource}\n{until}\n")
    yield (
        "it was made with a key that was derived twice, so use the key as it is",
        signed(resource, derived(key, device_id), until),
    )


def _raw(key: bytes, text: str) -> str:
    return base64.b64encode(hmac.digest(key, text.encode(), hashlib.sha256)).decode()
