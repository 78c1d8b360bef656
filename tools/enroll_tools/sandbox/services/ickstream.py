"""ickStream Cloud Core: JSON-RPC 2.0, in which a single-use registration token turns into a device's access token."""

from __future__ import annotations

import dataclasses
import json
import secrets
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from ..history import AUTHORISED, REGISTERED
from ..state import Row
from .base import Answer, Call, Refused, Route, decode_json, json_answer
from .ickstream_portal import IckStreamPortal

UNAUTHORIZED, INVALID_REQUEST, NO_METHOD, INVALID_PARAMS, PARSE_ERROR = -32000, -32600, -32601, -32602, -32700

_HARDWARE_ID_LIMIT = 100
_DEVICE_ID_LIMIT = 40


class Failure(Exception):
    """A JSON-RPC error; ``unauthorized`` ones are HTTP 401 as well. ``reason``: as in Answer, else the message."""

    def __init__(self, code: int, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason or message


def is_identity(value: object) -> bool:
    """Tell whether a value may be a request's id."""
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def check_request(request: object) -> tuple[Any, str, dict[str, Any]]:
    """Id, method and parameters of a JSON-RPC request. Raises Failure for anything else."""
    if not isinstance(request, dict):
        raise Failure(INVALID_REQUEST, "a request is one JSON object")
    version, identity = request.get("jsonrpc"), request.get("id")
    # The vendor's page prints the version as a number, its clients send a string.
    if not (version == "2.0" or (isinstance(version, float) and version == 2.0)):
        raise Failure(INVALID_REQUEST, 'jsonrpc must be "2.0"')
    if not is_identity(identity):
        raise Failure(INVALID_REQUEST, "id must be a string or a number")
    if not isinstance(request.get("method"), str):
        raise Failure(INVALID_REQUEST, "method must be a string")
    params = request.get("params", {})
    if not isinstance(params, dict):
        raise Failure(INVALID_PARAMS, "params must be an object")
    return identity, request["method"], params


def text(params: dict[str, Any], name: str, limit: int | None = None) -> str:
    """A required text parameter. Raises Failure."""
    value = params.get(name)
    if not isinstance(value, str) or not value:
        raise Failure(INVALID_PARAMS, f"{name} is required and must be a string")
    if limit is not None and len(value) > limit:
        raise Failure(INVALID_PARAMS, f"{name} must be at most {limit} characters")
    return value


class IckStream(IckStreamPortal):
    """Device registration and the calls of a registered device."""

    bases = ("/ickstream/jsonrpc",)

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._methods: dict[str, Callable[[Call, dict[str, Any]], tuple[Any, tuple[str, ...]]]] = {
            "createDeviceRegistrationToken": self._create_token,
            "addDevice": self._add_device,
            "getDevice": self._get_device,
            "setDeviceAddress": self._set_device_address,
            "removeDevice": self._remove_device,
        }

    def routes(self) -> Iterable[Route]:
        """One address for all methods."""
        return (Route("POST", "", self._rpc),)

    def sample(self, name: str) -> dict[str, Any]:
        """A user, an application and a registration token."""
        user, application = f"user-{name}", f"application-{name}"
        self.create_user(user)
        self.create_application(application)
        token = self.create_token(user)
        return {"hardware_id": f"hardware-{name}", "application_id": application, "registration_token": token}

    def _rpc(self, call: Call) -> Answer:
        if not call.is_json():
            return json_answer({"error": "Content-Type must be application/json"}, 415)
        identity: Any = None
        try:
            try:
                request = decode_json(call.body)
            except ValueError:
                raise Failure(PARSE_ERROR, "the body is not JSON") from None
            if isinstance(request, dict) and is_identity(request.get("id")):
                identity = request["id"]
            identity, method, params = check_request(request)
            if method not in self._methods:
                raise Failure(NO_METHOD, "unknown method")
            result, hidden = self._methods[method](call, params)
        except Failure as failure:
            raise Refused(dataclasses.replace(self._error(identity, failure), reason=failure.reason)) from None
        answer = self._envelope(identity, {"result": result}, secrets=hidden)
        if method == "addDevice":
            return dataclasses.replace(answer, device=str(params["hardwareId"]), reason=REGISTERED)
        # Of a device, not of the user.
        device = self.device_of(call)
        return dataclasses.replace(answer, device=device, reason=AUTHORISED) if device else answer

    def _error(self, identity: Any, failure: Failure) -> Answer:
        status = 401 if failure.code == UNAUTHORIZED else 200
        headers = {"WWW-Authenticate": self.settings.scheme or "Token"} if status == 401 else {}
        body = {"error": {"code": failure.code, "message": failure.message}}
        return self._envelope(identity, body, status, headers)

    def _envelope(
        self,
        identity: Any,
        members: dict[str, Any],
        status: int = 200,
        headers: dict[str, str] | None = None,
        secrets: tuple[str, ...] = (),
    ) -> Answer:
        version = 2.0 if self.settings.version_as_number else "2.0"
        if self.settings.id_as_string and identity is not None:
            identity = identity if isinstance(identity, str) else json.dumps(identity)
        return json_answer({"jsonrpc": version, "id": identity, **members}, status, headers, secrets)

    # Authentication.

    def _token(self, call: Call) -> str:
        value = call.headers.get("Authorization", "")
        if not self.settings.scheme:
            return value
        scheme, _, token = value.partition(" ")
        return token if scheme.lower() == self.settings.scheme.lower() else ""

    def _owner(self, call: Call) -> tuple[str, str | None]:
        """User id and, if a device calls, its device id. Raises Failure."""
        token = self._token(call)
        user = self.state.one("SELECT id FROM ickstream_users WHERE access_token = ?", token)
        if user:
            return user["id"], None
        device = self.state.one("SELECT id, user_id FROM ickstream_devices WHERE access_token = ?", token)
        if device:
            return device["user_id"], device["id"]
        raise Failure(UNAUTHORIZED, "unauthorized")

    def _reachable(self, call: Call, params: dict[str, Any], needed: bool = False) -> Row:
        """The device that ``deviceId`` names: a device reaches itself, a user all of his own. Raises Failure.

        A device that names none means itself, unless ``needed``.
        """
        user_id, caller = self._owner(call)
        itself = caller if params.get("deviceId") is None and not needed else None
        device_id = itself or text(params, "deviceId")
        device = self.state.one("SELECT * FROM ickstream_devices WHERE id = ? AND user_id = ?", device_id, user_id)
        if device is None or (caller is not None and caller != device_id):
            raise Failure(INVALID_PARAMS, "unknown deviceId")
        return device

    # The methods.

    def _create_token(self, call: Call, params: dict[str, Any]) -> tuple[Any, tuple[str, ...]]:
        user_id, caller = self._owner(call)
        # A user says for which application; a device that registers others is one of an application already.
        if caller is None or params.get("applicationId") is not None:
            self._application(text(params, "applicationId"))
        device_id = text(params, "id", _DEVICE_ID_LIMIT)
        if self.state.one("SELECT 1 FROM ickstream_devices WHERE id = ? AND user_id != ?", device_id, user_id):
            raise Failure(INVALID_PARAMS, "id is in use")
        token = self._new_token(user_id, text(params, "name"), self.settings.token_lifetime, device_id)
        return token, (token,)

    def _add_device(self, call: Call, params: dict[str, Any]) -> tuple[Any, tuple[str, ...]]:
        token = self.state.one("SELECT * FROM ickstream_tokens WHERE token = ?", self._token(call))
        if token is None or token["used_at"] is not None or token["expires"] <= self.clock.now():
            reason = "no token" if token is None else "expired" if token["used_at"] is None else "used"
            message = "the device registration token is unknown, used or expired"
            raise Failure(UNAUTHORIZED, message, reason)
        # A request that is refused from here on does not use the token up.
        hardware_id = text(params, "hardwareId", _HARDWARE_ID_LIMIT)
        application = self._application(text(params, "applicationId"))
        address = text(params, "address") if params.get("address") is not None else None
        self.state.run("UPDATE ickstream_tokens SET used_at = ? WHERE token = ?", self.clock.now(), token["token"])
        device = self._upsert(token, hardware_id, application)
        self._move(device["id"], address, call.remote)
        return self._describe(device["id"], with_token=True), (device["access_token"],)

    def _upsert(self, token: Row, hardware_id: str, application: Row) -> Row:
        where = "SELECT * FROM ickstream_devices WHERE user_id = ? AND hardware_id = ?"
        device = self.state.one(where, token["user_id"], hardware_id)
        if device is None:
            device_id = token["device_id"] or str(uuid.uuid4())
            if self.state.one("SELECT 1 FROM ickstream_devices WHERE id = ?", device_id):
                raise Failure(INVALID_PARAMS, "the id that the token was made for is in use")
            self.state.insert(
                "ickstream_devices",
                id=device_id,
                user_id=token["user_id"],
                hardware_id=hardware_id,
                application_id=application["id"],
                name=token["name"],
                model=application["model"],
                access_token=secrets.token_urlsafe(24),
            )
        elif not self.settings.keep_access_token:
            fresh = secrets.token_urlsafe(24)
            self.state.run("UPDATE ickstream_devices SET access_token = ? WHERE id = ?", fresh, device["id"])
        device = self.state.one(where, token["user_id"], hardware_id)
        assert device is not None
        return device

    def _move(self, device_id: str, address: str | None, remote: str) -> None:
        public = remote if address is not None else None
        change = "UPDATE ickstream_devices SET address = ?, public_address = ? WHERE id = ?"
        self.state.run(change, address, public, device_id)

    def _get_device(self, call: Call, params: dict[str, Any]) -> tuple[Any, tuple[str, ...]]:
        return self._describe(self._reachable(call, params)["id"]), ()

    def _set_device_address(self, call: Call, params: dict[str, Any]) -> tuple[Any, tuple[str, ...]]:
        device = self._reachable(call, params)
        self._move(device["id"], text(params, "address"), call.remote)
        return self._describe(device["id"]), ()

    def _remove_device(self, call: Call, params: dict[str, Any]) -> tuple[Any, tuple[str, ...]]:
        device = self._reachable(call, params, needed=True)
        self.delete_device(device["id"])
        return True, ()

    def _describe(self, device_id: str, with_token: bool = False) -> dict[str, Any]:
        device = self.state.one("SELECT * FROM ickstream_devices WHERE id = ?", device_id)
        assert device is not None
        members = {
            "id": device["id"],
            "accessToken": device["access_token"] if with_token else None,
            "name": device["name"],
            "model": device["model"],
            "hardwareId": None if with_token else device["hardware_id"],
            "address": device["address"],
            "publicAddress": device["public_address"],
            "userId": None if self.settings.omit_user_id else device["user_id"],
        }
        return {name: value for name, value in members.items() if value is not None}

    def _application(self, application_id: str) -> Row:
        application = self.state.one("SELECT * FROM ickstream_applications WHERE id = ?", application_id)
        if application is None:
            raise Failure(INVALID_PARAMS, "unknown applicationId")
        return application
