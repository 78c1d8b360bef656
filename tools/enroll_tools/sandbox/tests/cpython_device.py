"""A device whose requests are made by the firmware's own providers, under CPython, and sent to a sandbox."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from enroll.config import Config
from enroll.credential import Credential
from enroll.errors import EnrollError
from enroll.providers import Answer, Request
from enroll_tools.sandbox import Entry, Sandbox
from enroll_tools.sandbox.services.explain import Explanation


class Firmware:
    """Registers at one service, and calls it with the credential. ``ahead``: seconds by which its clock is wrong."""

    def __init__(self, sandbox: Sandbox, service: str, section: dict[str, Any], ahead: float = 0) -> None:
        self.sandbox = sandbox
        self.name = service
        self.ahead = ahead
        self.base = sandbox.url(service, "http")
        self.config = Config({"provider": service, "url": self.base, service: dict(section)})
        self.provider = self.config.service
        self.credential: Credential | None = None
        self.kept: dict[str, Any] = {}

    @property
    def now(self) -> int:
        """The device's clock."""
        return int(self.sandbox.clock.now() + self.ahead)

    def register(self, most: int = 6, changed: Any = None) -> Answer:
        """Run the provider's steps, ``most`` requests; returns the last answer. ``changed`` breaks each request."""
        steps = self.provider.register(self.config, self.now)
        step, answer = next(steps), Answer(0)
        while most:
            sent = None
            if isinstance(step, Request):
                if changed:
                    changed(step)
                sent = answer = self.send(step)
                most -= 1
                if step.credential and not getattr(self.provider, "pending", lambda *_: False)(self.config, answer):
                    with contextlib.suppress(EnrollError):
                        self.credential = self.provider.parse(self.config, answer)
                    return answer
            elif hasattr(step, "fields"):
                self.kept = self.kept if step.fields is None else step.fields
                sent = self.kept
            try:
                step = steps.send(sent)
            except EnrollError:
                break
        return answer

    def call(self, method: str, path: str, body: object = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """A request with the credential."""
        assert self.credential is not None
        base = self.provider.base(self.config, self.credential) if hasattr(self.provider, "base") else self.base
        path = path.replace("{id}", self.credential.device_id)
        given = {**self.provider.headers(self.credential, self.now), **(headers or {})}
        return self.send(Request(method, base + path, body, given))

    def send(self, request: Request) -> Answer:
        """One request on a connection of its own; status 0 if no answer came."""
        parts = urlsplit(request.url)
        body, headers = request.body, dict(request.headers)
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
        try:
            connection.request(request.method, request.url.split(parts.netloc, 1)[1], body or None, headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.read())
            answer.headers = {name.lower(): value for name, value in response.headers.items()}
        except (OSError, http.client.HTTPException):
            answer = Answer(0)
        finally:
            connection.close()
        answer.request, answer.cut = request, None
        return answer

    def last(self) -> Entry:
        """The newest request in the log."""
        return self.sandbox.log(self.name, reveal=True)[-1]

    def explained(self) -> Explanation:
        """What the sandbox says of it."""
        return self.sandbox.services[self.name].explain(self.last())

    def verdict(self) -> str:
        """The sentence."""
        return self.explained().verdict

    def state(self) -> str:
        """The state of the only device."""
        (view,) = self.sandbox.services[self.name].devices_view()
        return view.state
