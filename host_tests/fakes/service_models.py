"""Models of the four services: what they check, which devices they register, and what only a person can change."""

import hashlib
import json
import time
from binascii import b2a_base64

from answers import success
from faulty_net import Reply
from helpers import changed

FINAL = 450000  # ms between two registrations after a refusal, at least: half of `retry.cap`
APART = 5000  # ms between the two 401s that are believed


class Service:
    """`secret` is what the device has to have, None while it is not registered. Counts: `registered`; `released`, how
    often it was allowed to register once more; `refusals` since a person last helped.
    """

    ONCE = True
    SECTION = {}

    def __init__(self):
        self.trouble = self.secret = self.given = self.gave = None  # `gave`: when, if the device knew
        self.registered = self.refusals = self.attempts = self.released = 0
        self.asks = lambda: None  # the device's own checks when it asks to be registered
        self.rebooted()

    def rebooted(self):
        """The device has forgotten what it was told."""
        self.not_before = 0
        self.denied = []  # when 401s came, since the last other answer
        self.given = None

    def join(self, net):
        self.net = net

    def accepts(self, secret):
        return bool(secret) and secret == self.secret

    def section(self):
        return dict(self.SECTION)

    def audit(self):
        self.attempts += 1
        early = self.not_before - self.net.clock.now
        assert early <= 0, "it asks %d ms too early" % early
        self.asks()

    def heard(self, entry, reply):
        """The device has read all of `reply`; `entry`: to a request to be registered."""
        now = self.net.clock.now
        if not entry:
            self.denied = self.denied + [now] if reply.status == 401 else []
            return
        if reply.final or reply.status in (401, 403, 422):
            self.refusals += 1
            self.not_before = now + FINAL
        if reply.after is not None and self.net.trusted():
            self.not_before = max(self.not_before, now + reply.after * 1000)
        if reply.secret:
            self.given = reply.secret
            self.gave = self.net.clock.now if self.net.trusted() else None

    def register(self, *hosts):
        self.registered += 1
        self.secret = self.net.secret(*hosts)
        return self.secret

    def delete(self):
        """Somebody takes the device out; it may register again, where that needs no more than asking."""
        if self.secret:
            self.secret = None
            self.released += 1

    help = delete  # what a person does for a device that stays away


class EtherFax(Service):
    """A reset in the portal lets a device register once more; one that was deleted has to be made there first."""

    NAME, HOST, URL = "etherfax", "fax.test", "http://fax.test/api"
    SECTION = {"serial": "MT873615726", "check": "/accounts?a=status"}
    known = True

    def registers(self, call):
        return "a=register" in call.path

    def reply(self, call):
        assert call.method == "GET" and call.host == self.HOST
        serial = self.SECTION["serial"]
        if not self.registers(call):
            assert call.path == "/api" + self.SECTION["check"], call.path
            wanted = b2a_base64(("device/%s:%s" % (serial, self.secret)).encode()).strip()
            right = call.headers["authorization"] == "Basic " + str(wanted, "utf-8")
            return Reply(200, {"Status": "ok"}) if right else Reply(401)
        start = "/api/devices?a=register&id=%s&token=" % serial
        token = call.path[len(start) :]
        assert call.path.startswith(start) and token == self.token(self.net.told), "not the token of the day"
        if not self.known or self.secret or token != self.token(self.net.clock.time()):
            return Reply(403)
        secret = self.register(self.HOST)
        return Reply(200, success(self.NAME, secret), secret=secret)

    def token(self, unix):
        year, month, _, _, _, _, _, day = time.gmtime(unix)[:8]
        inner = hashlib.md5(self.SECTION["serial"].encode()).digest().hex()
        text = "%04d:%02d:%s.%03d" % (year - 1900, month - 1, inner, day - 1)
        return hashlib.md5(text.encode()).digest().hex()

    def delete(self):
        super().delete()
        self.known = self.net.chance.below(2) == 0

    def help(self):
        super().delete()
        self.known = True


class IckStream(Service):
    """Registration uses the registration token up; a person fetches another one."""

    NAME, HOST, URL = "ickstream", "ick.test", "http://ick.test/jsonrpc"
    SECTION = {"hardware_id": "hw-1", "application_id": "app-1", "address": "10.0.0.7"}
    ONCE = False
    token = None
    address = None

    def section(self):
        self.token = self.net.secret(self.HOST)
        return dict(self.SECTION, registration_token=self.token)

    def registers(self, call):
        return b"addDevice" in call.body

    def reply(self, call):
        assert call.method == "POST" and call.path == "/jsonrpc" and call.host == self.HOST
        body = json.loads(call.body)
        params, allowed = body["params"], call.headers["authorization"]
        if not self.registers(call):
            if not self.secret or allowed != "Bearer " + self.secret:
                return Reply(401)
            assert params["deviceId"] == "device-1"
            self.address = params.get("address", self.address)
            return Reply(200, {"jsonrpc": "2.0", "id": body["id"], "result": {"id": "device-1"}})
        assert params.pop("address") and params == {"hardwareId": "hw-1", "applicationId": "app-1"}
        assert allowed.startswith("Bearer canary-")
        if not self.token or allowed != "Bearer " + self.token:
            error = {"jsonrpc": "2.0", "id": body["id"], "error": {"code": -32000, "message": "no"}}
            return Reply(200, error, final=True) if self.net.chance.below(2) else Reply(401)
        self.token = None
        secret = self.register(self.HOST)
        answer = changed(success(self.NAME, secret, name="x"), {"id": str(body["id"])})
        return Reply(200, answer, secret=secret)

    def help(self):
        """A person fetches a registration token; the caller gives it to the device."""
        self.delete()
        self.token = self.net.secret(self.HOST)


class Xyte(Service):
    """Each registration leads to another hub. Asking twice for a child makes two of them."""

    NAME, HOST, URL = "xyte", "entry.test", "http://entry.test"
    hub = parent = ""
    made = 0  # children
    wanted = None  # a command that waits

    def __init__(self, children=0, who=None):
        super().__init__()
        self.children = []  # serial numbers of those of the present parent
        self.SECTION = dict(who or {"sn": "sn-1", "mac": "00:11:22:33:44:55"}, firmware_version="1.0")
        for number in range(children):
            self.add("child-%d" % number)

    def add(self, sn):
        child = {"sn": sn, "model_id": "model", "firmware_version": "1"}
        self.SECTION["children"] = self.SECTION.get("children", []) + [child]

    def join(self, net):
        super().join(net)
        self.SECTION["hardware_key"] = net.secret(self.HOST)

    def registers(self, call):
        return call.path == "/v1/devices"

    def reply(self, call):
        body = json.loads(call.body) if call.body else None
        if self.registers(call):
            return self._enter(call, body)
        allowed = call.headers["authorization"]
        if not self.secret or allowed != self.secret:
            return Reply(401, {"error": "Not authorized"})
        _, _, _, device, what = call.path.split("/", 4)
        assert device == self.parent and allowed == self.secret, "another device's id"
        if what == "children":
            assert call.host == self.HOST
            return self._child(body)
        assert call.host == self.hub, "not the hub of this registration"
        return self._work(call.method, what, body)

    def _enter(self, call, body):
        section = {key: value for key, value in self.SECTION.items() if key != "children"}
        assert call.method == "POST" and call.host == self.HOST and body == section, "not what enroll.json says"
        if self.secret:
            return Reply(422, {"error": "MAC/SN has already been taken"})
        self.parent = "device-%d" % self.registered
        self.hub = "hub%d.test" % self.registered
        self.children = []
        secret = self.register(self.HOST, self.hub)
        return Reply(201, success(self.NAME, secret, self.parent, "http://%s/" % self.hub), secret=secret)

    def _child(self, body):
        assert body in self.SECTION["children"]
        self.made += 1
        self.children.append(body["sn"])
        return Reply(201, {"id": "%s-%d" % (body["sn"], self.made), "access_key": self.net.secret(self.HOST)})

    def _work(self, method, what, body):
        if what == "telemetry":
            assert method == "POST" and body["status"] == "online"
            return Reply(200, {"command": bool(self.wanted)})
        if what == "children/telemetries":
            assert {name.rpartition("-")[0] for name in body} <= set(self.children)
            return Reply(200, {})
        assert what == "command"
        if method == "POST":
            assert body["status"] == "done"
            self.wanted = None
        return Reply(200, self.wanted or {})


class Centagate(Service):
    """Failures have status 200. A token that is already bound is refused; the device has no secret."""

    NAME, HOST, URL = "centagate", "gate.test", "http://gate.test/v2"
    ONCE = False

    def join(self, net):
        super().join(net)
        self.password, self.key = net.secret(self.HOST), net.secret(self.HOST)
        self.code = b"canary"  # what a login gives; it never leaves the device again
        self.SECTION = {"admin_username": "admin", "username": "user-1", "token_sn": "60123", "token_type": "2"}
        self.SECTION["login"] = {"password": self.password, "integration_key": self.key, "secret_key": "canary-hmac"}

    def accepts(self, secret):
        return secret is not None and self.secret is not None

    def registers(self, call):
        return call.method == "PUT"

    def reply(self, call):
        body = json.loads(call.body)
        if not self.registers(call):
            return self._login(body)
        assert call.path == "/v2/token/registerActiveToken/admin" and call.host == self.HOST
        assert body["cenToken"] == hmac(self.code, b"adminticket"), "not signed"
        if self.secret:
            return Reply(200, {"code": "29008", "message": "bound"}, final=True)
        self.register(self.HOST)
        return Reply(200, {"code": 0, "object": json.dumps({"boundUser": "user-1"})}, secret="")

    def _login(self, body):
        stamp = body["unixTimestamp"]
        signed = hmac(b"canary-hmac", ("admin" + self.password + self.key + stamp).encode())
        assert body["hmac"] == signed and int(stamp) == self.net.told
        if not self.net.trusted():
            return Reply(200, {"code": 23023}, final=True)
        return Reply(200, {"code": "0", "object": {"authToken": "ticket", "secretCode": str(self.code, "utf-8")}})


def hmac(key, text):
    """HMAC-SHA256 in hex; `key` of up to 64 bytes."""
    key += bytes(64 - len(key))
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in key]) + text).digest()
    return hashlib.sha256(bytes([byte ^ 0x5C for byte in key]) + inner).digest().hex()
