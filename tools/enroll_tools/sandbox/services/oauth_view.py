"""What the console shows of OAuth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar
from urllib.parse import parse_qsl

from ..state import Row
from .base import Call, Refused
from .oauth import OAuth, basic_of
from .view import Action, Answered, Button, Comparison, DeviceView, Field, Seen, Table, View, flags

_FORM = {
    "client_id": "Which client asks.",
    "client_secret": "!The client's secret.",
    "scope": "What the device wants to do.",
    "grant_type": "By what it asks for a token.",
    "device_code": "!The code that the device keeps secret.",
    "refresh_token": "!What buys the next access token; it is replaced at each use.",
    "client_name": "The new client's name.",
    "grant_types": "What the new client may ask by.",
    "token_endpoint_auth_method": "How the new client shows its secret.",
}
_ANSWER = {
    "device_code": "!By this the device asks for its token.",
    "user_code": "The code that a person enters.",
    "verification_uri": "Where a person enters it.",
    "verification_url": "The same in Google's dialect.",
    "expires_in": "For how many seconds it is good.",
    "interval": "How many seconds the device waits between two requests.",
    "access_token": "!What authorises the device's requests.",
    "refresh_token": "!What buys the next access token.",
    "token_type": "How the access token is sent.",
    "scope": "What the device may do.",
    "error": "Why it was refused.",
    "client_id": "The client.",
    "client_secret": "!The client's secret.",
    "sub": "The user.",
}


class OAuthView(View[OAuth]):
    """Clients, the codes that a person approves, and tokens."""

    empty = (
        "There is no client yet: create one, put client_id and client_secret into enroll.json, and start the device."
    )
    made_by: ClassVar = {
        "create_client": "Create a client",
        "create_initial_token": "Create an initial access token",
        "approve": "Enter a code",
    }
    polls = frozenset({"authorization_pending"})
    names = ("_id", "name")
    counted = "oauth_clients"
    source = """
    SELECT c.*, c.client_id AS _id, c.rowid AS _age, o.user_code, CASE
        WHEN o.status = 'pending' AND o.expires > {now} THEN 'waiting'
        WHEN EXISTS (SELECT 1 FROM oauth_tokens WHERE client_id = c.client_id AND NOT used AND expires > {now})
            THEN 'registered'
        WHEN o.status IS NULL THEN 'created'
        WHEN o.status = 'approved' AND o.expires > {now} THEN 'enabled' ELSE 'disabled' END AS _state
    FROM oauth_clients AS c LEFT JOIN oauth_codes AS o
        ON o.rowid = (SELECT MAX(rowid) FROM oauth_codes WHERE client_id = c.client_id)"""
    states: ClassVar = {
        "created": ("Created", "No device has asked for a code yet: start the device."),
        "waiting": ("Code shown", "The device polls until a person decides: approve or deny its code."),
        "enabled": ("Approved", "The device's next poll gets its tokens: wait."),
        "disabled": ("Denied or expired", "The device's next poll is told so: let it ask for another code."),
        "registered": ("Registered", "It works with its access token, and refreshes it by itself: nothing to do."),
        "orphaned": (
            "Registered, tokens lost",
            "The code is used up: let the device ask again, and approve its new code.",
        ),
        "deleted": ("Deleted", "It gets invalid_client, its access token 401: create another client."),
    }
    verdicts: ClassVar = {
        "registered": "The device got an access token: nothing to do.",
        "code": "The device got a code to show: approve it, or deny it.",
        "client": "A client is registered for the device: nothing to do.",
        "authorization_pending": "Nobody has decided yet: approve or deny the code that the device shows.",
        "slow_down": "The device asked before its interval was over: it waits 5 s more from now on.",
        "expired_token": "The code has expired: the device shows another one.",
        "access_denied": "A person has denied the device: it may ask for another code.",
        "unknown": "There is no such client: create one, or correct `client_id` in enroll.json.",
        "deleted": "The client was deleted: create another one, and put it into enroll.json.",
        "no Basic": "The Authorization header is not HTTP Basic in valid Base64: correct it.",
        "two ways": "The client's secret must be sent in one way, which the dialect fixes: either HTTP Basic or the "
        "form.",
        "invalid_request": "The body is not a form, or has a field twice: send application/x-www-form-urlencoded.",
        "unsupported_grant_type": "The grant_type is neither device_code nor refresh_token: correct it.",
        "code unknown": "There is no such device code, or it was redeemed before, perhaps by a poll whose answer was "
        "lost: let the device ask for another one.",
        "code of another": "The device code was given to another client: ask with the client that got it.",
        "refresh unknown": "There is no such refresh token, or all of its tokens were revoked: approve the device "
        "again.",
        "refresh of another": "The refresh token is another client's: ask with the client that got it.",
        "refresh used": "The refresh token was used before, so all tokens that come from it were revoked: the device "
        "must keep a new refresh token before it uses the new access token; approve it again.",
        "no Bearer": "The Authorization header is missing, or not Bearer and a token: correct it.",
        "token unknown": "There is no such access token, or it was revoked: the device refreshes it, or is approved "
        "again.",
        "token expired": "The access token has expired: the device refreshes it by itself.",
        "no initial token": "There is no such initial access token: create one, and put it into enroll.json.",
        "initial token used": "The initial access token was used before, and is good for one client only: create "
        "another one.",
        "invalid_client_metadata": "The metadata are not a JSON object, or their grant_types lack the device flow: "
        "correct them.",
    }

    def shown(self, row: Row) -> DeviceView:
        """The client in a row, by its newest code and its tokens."""
        client, state = row["client_id"], row["_state"]
        code = row["user_code"] if state == "waiting" else ""
        given, decide = {"client_id": client}, {"user_code": code}
        actions = [
            *([Action("approve", "Approve", decide), Action("deny", "Deny", decide, True)] if code else []),
            *([Action("revoke", "Revoke tokens", given, True)] if state == "registered" else []),
            Action("delete_client", "Delete", given, True),
        ]
        details = {"user code": code, "registered by itself": "yes" if row["registered"] else ""}
        secrets = {"client_secret": row["client_secret"]}
        name = row["name"] or client
        return self.device(client, state, name=name, secrets=secrets, details=details, actions=actions)

    def tables(self) -> list[Table]:
        """Codes and initial access tokens."""
        given, waits = {"user_code": "user_code"}, ("status", "pending")
        return [
            self.table(
                "Codes",
                "oauth_codes",
                ("user_code", "client_id", "scope", "status"),
                "No device shows a code: start one.",
                Button("approve", "Approve", given, when=waits),
                Button("deny", "Deny", given, True, waits),
            ),
            self.table(
                "Initial access tokens",
                "oauth_initial",
                ("initial_token", "once", "used"),
                "There is none: create one only if devices register clients by themselves.",
                secret=("initial_token",),
                read=flags("once"),
            ),
        ]

    def device_in(self, call: Call) -> str:
        """The client of Basic or of the form, or whose access token it is."""
        kind, _, token = call.headers.get("Authorization", "").partition(" ")
        if kind.lower() == "bearer":
            row = self.service.state.one("SELECT client_id FROM oauth_tokens WHERE token = ?", token)
            return row["client_id"] if row else ""
        try:
            basic = basic_of(call)
        except Refused:
            return ""
        return basic[0] if basic else _form(call).get("client_id", "")

    def fields(self, seen: Seen) -> Iterator[Field]:
        """The client or token, the form or metadata, and the answer."""
        yield from self.header(seen, "Authorization", "The client with its secret, or a token.")
        yield from self.named(seen.body or _form(seen.call), _FORM)
        yield from self.named(seen.answer, _ANSWER, " (answer)")

    def reason(self, seen: Seen) -> Answered:
        """Why a client was refused."""
        if seen.reason != "client secret":
            return Answered(self.told(seen))
        try:
            given = (basic_of(seen.call) or ("", _form(seen.call).get("client_secret", "")))[1]
        except Refused:
            given = ""
        pairs = () if seen.masked or not seen.expected else (Comparison("client_secret", given, seen.expected),)
        if not given and not seen.masked:
            return Answered("The client's secret is missing: send it, or create a public client.", pairs)
        if given.strip() == seen.expected:
            return Answered("The client's secret has blanks around it: copy it again.", pairs)
        return Answered("The client is known, but its secret is wrong: correct `client_secret` in enroll.json.", pairs)


def _form(call: Call) -> dict[str, str]:
    return dict(parse_qsl(call.body.decode("utf-8", "replace"), keep_blank_values=True))
