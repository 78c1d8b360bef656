"""The pages that connect a board: a device, the enroll.json that registers it, the CA, and what to type."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import json
import secrets
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import segno
from aiohttp import web

from ..control import Control
from ..errors import SandboxError
from ..operations import operations, perform
from ..redact import HIDDEN, is_secret
from .messages import Message, Messages, sentence, with_query
from .pages import Pages
from .restart import serve_lan
from .security import is_local, is_loopback
from .set_faults import set_faults

if TYPE_CHECKING:
    from ..server import Sandbox

MANY = 20  # devices on a page
PROGRAM, SERVER = "enroll-provision", "enroll-sandbox"
KEPT = 100  # configurations, in memory; the oldest are forgotten
NETWORK = [{"ssid": {"$prompt": "Name of the Wi-Fi"}, "password": {"$prompt": "Password of the Wi-Fi"}}]


@dataclasses.dataclass(frozen=True)
class Made:
    """A configuration that was made here, for a device of a service."""

    service: str
    config: dict[str, Any]
    by_hand: bool

    def text(self, masked: bool = False) -> str:
        """It as enroll.json."""
        return json.dumps(_mask(self.config) if masked else self.config, indent=1, ensure_ascii=False) + "\n"

    def is_for(self, device: str) -> bool:
        """Whether it registers the device with this id: a value of the service's section, or several in one."""
        values = [value for value in self.config[self.service].values() if isinstance(value, str)]
        parts = device.split()  # as Xyte's serial number and MAC address
        plain = {value.replace(":", "").lower() for value in values}
        return device in values or (bool(parts) and {part.lower() for part in parts} <= plain)


class Connect:
    """The pages below ``/connect``."""

    def __init__(self, sandbox: Sandbox, pages: Pages, messages: Messages) -> None:
        self._sandbox = sandbox
        self._pages = pages
        self._messages = messages
        self._example = operations(Control(sandbox))["example"]
        self._made: dict[str, Made] = {}

    async def choose(self, request: web.Request) -> web.StreamResponse:
        """The services to choose from."""
        return self._pages.answer(request, "connect.html", {"names": tuple(self._sandbox.services)})

    async def show(self, request: web.Request) -> web.StreamResponse:
        """What to do for a board of a service, step by step."""
        name = request.match_info["service"]
        service = self._sandbox.services.get(name)
        if service is None:
            raise web.HTTPNotFound
        made = self._made.get(request.query.get("config", ""))
        reveal = request.query.get("reveal") == "1"
        # Beside the loop, which boards wait for.
        devices = await asyncio.to_thread(service.portal_devices.newest, MANY)
        total = await asyncio.to_thread(service.portal_devices.total)
        context = {
            "service": name,
            "number": request.query.get("config", "") if made else "",
            "shown": made.text(not reveal) if made else "",
            "secrets": made is not None and made.text(True) != made.text(),
            "program": program(PROGRAM) if is_local(request) else PROGRAM,
            "serve_lan": serve_lan(self._sandbox, program(SERVER)) if is_local(request) else f"{SERVER} serve --lan",
            "decided": service.decided,
            "by_hand": made is not None and made.by_hand,
            "set_faults": set_faults(self._sandbox.faults(), name),
            "devices": devices,
            "hidden": total - len(devices),
            "reachable": self._reachable(name),
            "url": self._sandbox.url(name),
        }
        return self._pages.answer(request, "connect_service.html", context)

    async def make(self, request: web.Request) -> web.StreamResponse:
        """Make a device and its configuration."""
        name = request.match_info["service"]
        if name not in self._sandbox.services:
            raise web.HTTPNotFound
        page, by_hand = f"/connect/{name}", bool((await request.post()).get("by_hand"))
        try:
            # Beside the loop, as each operation.
            made: Any = await asyncio.to_thread(perform, self._example, {"service": name, "by_hand": by_hand})
        except SandboxError as error:
            raise web.HTTPSeeOther(self._messages.send(page, Message(sentence(error), False))) from None
        config = made["enroll.json"] | ({"network": NETWORK} if self._reachable(name) else {})
        number = secrets.token_urlsafe(9)
        self._made[number] = Made(name, config, by_hand)
        while len(self._made) > KEPT:
            del self._made[next(iter(self._made))]
        raise web.HTTPSeeOther(with_query(page, config=number) + "#files")

    def _reachable(self, name: str) -> bool:
        """Whether a real board reaches the address of a service."""
        return not is_loopback(urlsplit(self._sandbox.url(name)).hostname or "")

    async def file(self, request: web.Request) -> web.StreamResponse:
        """The configuration, to save."""
        made = self._found(request)
        return web.Response(
            body=made.text().encode(),
            content_type="application/json",
            headers={"Content-Disposition": 'attachment; filename="enroll.json"'},
        )

    async def code(self, request: web.Request) -> web.StreamResponse:
        """The configuration as a QR code."""
        text = json.dumps(self._found(request).config, separators=(",", ":"), ensure_ascii=False)
        picture = io.BytesIO()
        try:
            segno.make(text, error="l", micro=False).save(
                picture, kind="svg", scale=4, border=4, dark="#000", light="#fff"
            )
        except segno.DataOverflowError:
            raise web.HTTPNotFound from None
        return web.Response(body=picture.getvalue(), content_type="image/svg+xml")

    async def authority(self, request: web.Request) -> web.StreamResponse:
        """The CA's certificate, to save."""
        path = self._sandbox.ca_pem if request.path.endswith(".pem") else self._sandbox.ca_der
        return web.Response(
            body=path.read_bytes(),
            content_type="application/x-pem-file" if request.path.endswith(".pem") else "application/pkix-cert",
            headers={"Content-Disposition": f'attachment; filename="{path.name}"'},
        )

    def number_of(self, service: str, device: str) -> str:
        """The number of the newest configuration that was made here for a device, "" if there is none."""
        made = [number for number, it in self._made.items() if it.service == service and it.is_for(device)]
        return made[-1] if made else ""

    def _found(self, request: web.Request) -> Made:
        made = self._made.get(request.query.get("config", ""))
        if made is None or made.service != request.match_info["service"]:
            raise web.HTTPNotFound
        return made


def program(name: str) -> str:
    """How to call one of this package's programs in any terminal: by its name, or with its folder.

    A virtual environment may be active in the sandbox's terminal alone, so a program that only it has on the PATH is
    told with its folder.
    """
    beside = Path(sys.executable).with_name(name)
    found = shutil.which(name)
    if found and (Path(found) != beside or sys.prefix == sys.base_prefix):
        return name
    return shlex.quote(str(beside)) if beside.exists() else name


def _mask(value: object, name: str = "") -> object:
    """A configuration with stars for secrets: `secrets` of `rest` by any name, but not `steps`, which names them."""
    if name == "steps":
        return value
    if isinstance(value, dict):
        return {key: HIDDEN if name == "secrets" else _mask(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_mask(item) for item in value]
    hides = is_secret(name) or name.rpartition("_")[2] in ("password", "secret", "token", "key")
    return HIDDEN if hides and isinstance(value, str) else value
