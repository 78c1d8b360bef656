"""Services that take several requests, in memory: one for each provider that has steps other than a request."""

import json

from device import Service
from helpers import MORE_SECTIONS, Fake, changed

TICKETS = {
    "serial": "SN-1",
    "secrets": {"claim": "claim-canary"},
    "steps": [
        {"method": "POST", "path": "/tickets", "json": {"serial": "{serial}"}, "take": {"ticket": "ticket"}},
        {
            "method": "GET",
            "path": "/tickets/{ticket}",
            "resume": 3600,
            "answers": [{"status": 202, "means": "pending", "seconds": 7}],
            "take": {"code": "code"},
        },
        {
            "method": "POST",
            "path": "/keys",
            "headers": {"X-Signature": "{hmac_sha256(claim, code)}"},
            "form": {"code": "{code}"},
            "take": {"id": "id", "secret": "key", "region": "region"},
        },
    ],
}
DYNAMIC = {"client_id": None, "register_path": "/register"}
PENDING = {"error": "devicecontrol/Not Found"}


def parsed(data):
    """What is in a body: of a form its text."""
    return json.loads(data or b"null") if (data or b"{")[:1] == b"{" else data.decode()


class Stepwise(Service):
    """A service that takes several requests. `secret`: of the device that it knows now, if it knows one."""

    NAME = ""
    SECTION = None  # what is special in enroll.json
    ONCE = False
    secret = ""
    fault = ""  # what the device should not have asked

    def __init__(self):
        super().__init__(self.NAME)
        MORE_SECTIONS[self.NAME] = changed(MORE_SECTIONS.get(self.NAME, {}), self.SECTION or {})

    def copy(self):
        other = type(self)()
        for name, value in self.__dict__.items():
            setattr(other, name, value)
        return other

    def __call__(self, method, url, data=None, headers=None, timeout=None):
        self.seen += 1
        status, body = self.reply(method, url.replace("http://localhost/api", ""), parsed(data))
        return Fake(status_code=status, content=json.dumps(body).encode(), headers={}, close=lambda: None)

    def give(self, secret):
        self.secret = secret
        self.given += 1
        self.bound = self.unsaved = True

    def good(self):
        return {}

    def fits(self, kept):
        return kept[1] == self.secret

    def cost(self):
        """What the cut has cost besides the answer, in words."""
        return ""


class ThingsBoard(Stepwise):
    """Registers a name once, with the token that the device has chosen."""

    NAME = "thingsboard"

    def reply(self, method, path, body):
        if method == "GET":
            return (200, {}) if path == f"/api/v1/{self.secret}/attributes" else (401, None)
        if self.bound:
            return 200, {"status": "FAILURE"}
        self.give(body["token"])
        return 200, {"status": "SUCCESS", "credentialsType": "ACCESS_TOKEN", "credentialsValue": self.secret}


class Cumulocity(Stepwise):
    """Gives a password once to a device that a person has registered and accepted."""

    NAME = "cumulocity"
    ONCE = True
    asked = 0

    def reply(self, method, path, body):
        self.asked += 1
        if self.bound or self.asked < 2:
            return 404, PENDING
        self.give(f"password-canary-{self.given}")
        return 201, self.good()

    def good(self):
        return {"tenantId": "t1", "username": "device", "password": self.secret}

    def reset(self):
        self.bound = False


class Azure(Stepwise):
    """Assigns a device to a hub, as often as it asks, in an operation that takes a while."""

    NAME = "azure"
    KEY = "18RQk/hOPJR9EbsJlk2j8WA6vWaj/yi+oaYg7zmxfQNdOyMSu+SJ8O7TSlZhDJCYmn4rzEiVKIzNiVAWjLxrGA=="
    polls = 0

    def reply(self, method, path, body):
        self.polls = 2 if method == "PUT" else self.polls - 1
        if method == "GET" and f"/operations/op-{self.given}" not in path:
            return 404, {"errorCode": 404206}
        if self.polls > 0:
            return 202, {"operationId": f"op-{self.given}", "status": "assigning"}
        self.secret = self.KEY
        state = {"assignedHub": "hub.example.com", "deviceId": "my-device"}
        return 200, {"operationId": f"op-{self.given}", "status": "assigned", "registrationState": state}


class Rest(Stepwise):
    """A back end that gives a ticket, a code once a person has accepted the device, and for that a key, once."""

    NAME = "rest"
    ONCE = True
    SECTION = TICKETS
    tickets = polls = 0

    def reply(self, method, path, body):
        if path == "/tickets":
            if self.polls:
                self.fault = "starts over although its ticket is on flash"
            self.tickets += 1
            return 202, {"ticket": f"t-{self.tickets}"}
        if method == "GET":
            self.polls += 1
            if path != f"/tickets/t-{self.tickets}":
                return 404, {}
            return (200, {"code": f"code-{self.tickets}-canary"}) if self.polls > 1 else (202, {})
        if body != f"code=code-{self.tickets}-canary":
            return 403, {}
        if self.bound:
            return 409, {}
        self.give(f"key-canary-{self.given}")
        return 201, self.good()

    def good(self):
        return {"id": "device-1", "key": self.secret, "region": "north"}

    def fits(self, kept):
        return kept[:2] == ("device-1", self.secret) and kept[2].get("region") == "north"

    def reset(self):
        self.bound = False


class OAuth(Stepwise):
    """Gives tokens once for a code, which a person approves between two polls."""

    NAME = "oauth"
    ONCE = True
    codes = polls = 0

    def reply(self, method, path, body):
        if path == "/device":
            self.codes += 1
            self.polls = 0
            code = {"device_code": f"code-{self.codes}-canary", "user_code": "WDJB", "verification_uri": "https://x"}
            return 200, code
        self.polls += 1
        if f"code-{self.codes}-canary" not in body or self.polls > 2:
            return 400, {"error": "invalid_grant"}
        if self.polls < 2:
            return 400, {"error": "authorization_pending"}
        self.give(f"access-{self.codes}-canary")
        return 200, self.good()

    def good(self):
        return {"access_token": self.secret, "refresh_token": f"refresh-{self.codes}-canary", "expires_in": 3600}

    def reset(self):
        """Nothing: the device shows another code by itself."""


class Registering(OAuth):
    """The same for devices that register a client of their own first (RFC 7591), whose secret is told once."""

    SECTION = DYNAMIC
    clients = 0
    known = False  # the device has used its newest client, so that client is on flash

    def reply(self, method, path, body):
        if path == "/register":
            if self.known:
                self.fault = "registers another client although it has one"
            self.clients += 1
            return 201, {"client_id": f"client-{self.clients}", "client_secret": f"secret-{self.clients}-canary"}
        if f"client_id=client-{self.clients}" not in body.split("&"):
            return 401, {"error": "invalid_client"}
        self.known = True
        return super().reply(method, path, body)

    def cost(self):
        return ", an unused client is left at the service" if self.clients > 1 else ""


MODELS = {
    "azure": Azure,
    "thingsboard": ThingsBoard,
    "cumulocity": Cumulocity,
    "oauth": OAuth,
    "oauth-client": Registering,
    "rest": Rest,
}
