"""The pages: what each of them shows."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web

from ..clock import format_time
from ..control import Control
from ..fault_kinds import ALL_NTP, ALL_TLS, EXPIRES, KINDS
from ..faults import SHARED
from ..ntp import FAULTS
from ..operations import arguments, operations
from ..services.view import DeviceView
from ..shapes import SHAPES
from .actions import CONTROL
from .connect import PROGRAM, Connect, program
from .forms import FIELD, Input, inputs, settings_inputs
from .messages import Message, whole
from .packets import Packets, Shown
from .pages import Pages
from .security import is_local
from .set_faults import choices, ends, meets, set_faults

if TYPE_CHECKING:
    from ..server import Sandbox
    from ..services.base import Service
    from ..services.view import Form

FEW = 10  # packets on the page of a service
UNKNOWN = "It has called, but the service has no such device: create it, or correct its name in enroll.json."


# What each kind of fault takes besides: its label and, for a person who clicks on a kind, what it does.
BASIC = {
    "service": ("Service", "Whose requests meet it."),
    "device": ("Device", "The id of the only device that meets it; empty: all devices."),
    "expires": ("Ends after", "Seconds until it ends by itself."),
    "times": ("Times", "How many requests meet it; empty: all, until it ends."),
    "path": ("Path", "Only requests with this text in their path; empty: all."),
}
GROUPS = {"": "Requests and answers", ALL_TLS: "Certificates", ALL_NTP: "Time"}


class Views:
    """A handler for each page. What takes long with many devices runs beside the loop, for which boards wait."""

    def __init__(self, sandbox: Sandbox, pages: Pages, packets: Packets, connect: Connect) -> None:
        self._connect = connect
        self._sandbox = sandbox
        self._pages = pages
        self._packets = packets
        self._control = operations(Control(sandbox))

    async def start(self, request: web.Request) -> web.StreamResponse:
        """All services."""
        found = await asyncio.to_thread(self._counts)
        return self._pages.answer(request, "start.html", {"urls": self._sandbox.urls, "counts": found})

    def _counts(self) -> dict[str, dict[str, int]]:
        return {name: service.portal_devices.counts() for name, service in self._sandbox.services.items()}

    async def service(self, request: web.Request) -> web.StreamResponse:
        """A service: its devices, forms, tables and settings."""
        service = self._service(request)
        message = self._pages.message(request)
        packets, more = await self._of_page(request, self._packets.page, service.name, limit=FEW)
        wanted = request.query.get("find", "")
        devices = await asyncio.to_thread(service.portal_devices.page, _number(request, "page"), wanted)
        return self._pages.answer(
            request,
            "service.html",
            {
                "service": service.name,
                "urls": self._sandbox.urls[service.name],
                "devices": devices,
                "find": wanted,
                "tables": await asyncio.to_thread(service.tables),
                "forms": [
                    (form, inputs(form.arguments, _typed(message, service.name, form.operation)))
                    for form in service.forms()
                ],
                "settings": settings_inputs(service.settings),
                "empty": service.view.empty,
                "set_faults": set_faults(self._sandbox.faults(), service.name),
                "packets": packets,
                "more": more,
            },
        )

    async def device(self, request: web.Request) -> web.StreamResponse:
        """A device: its facts, what can be done with it, and its timeline."""
        service, identity = self._service(request), request.query.get("id", "")
        found = await asyncio.to_thread(service.device_view, identity)
        before = _number(request, "before")
        packets, more = await self._of_page(request, self._packets.timeline, service.name, identity, before)
        if found is None and not packets and "live" not in request.query:
            sentence = f"{service.name} has no device {identity!r}: choose another one on the page of the service."
            return self._pages.error(request, 404, sentence)
        device = found or DeviceView(identity, identity, "unknown", "Unknown", UNKNOWN)
        message = self._pages.message(request)
        context = {
            "service": service.name,
            "device": device,
            "kinds": choices(service.name, identity),
            "set_faults": set_faults(self._sandbox.faults(), service.name, identity),
            "config": self._connect.number_of(service.name, identity),
            "program": program(PROGRAM) if is_local(request) else PROGRAM,
            "forms": [
                (form, _filled(form, device, _typed(message, service.name, form.operation)))
                for form in service.forms()
                if form.arguments
                and form.arguments[0].name in _names(device)
                and not form.operation.startswith("create")
            ],
            "packets": packets,
            "more": more,
            "oldest": _oldest(packets),
            "before": before,
        }
        return self._pages.answer(request, "device.html", context)

    async def log(self, request: web.Request) -> web.StreamResponse:
        """All packets, or those of a service."""
        before, service = _number(request, "before"), request.query.get("service", "")
        packets, more = await self._of_page(request, self._packets.page, service, before)
        context = {
            "service": service,
            "sources": (*self._sandbox.services, "ntp"),
            "packets": packets,
            "more": more,
            "before": before,
            "oldest": _oldest(packets),
        }
        return self._pages.answer(request, "log.html", context)

    async def faults(self, request: web.Request) -> web.StreamResponse:
        """The faults that are set, and a form for another one."""
        form = [it for it in arguments(self._control["fault"]) if it.name != "body_base64"]
        typed = _typed(self._pages.message(request), CONTROL, "fault")
        chosen = {"service": request.query.get("service", "*"), "expires": f"{EXPIRES:g}"}
        fresh = inputs(form, chosen)
        context = {
            "faults": [(dataclasses.asdict(fault), meets(fault), ends(fault)) for fault in self._sandbox.faults()],
            "kinds": KINDS,
            "shared": {"*": "any", **SHARED},
            "basic": [
                dataclasses.replace(it, label=label, hint=hint)
                for name, (label, hint) in BASIC.items()
                for it in fresh
                if it.name == FIELD + name
            ],
            "groups": GROUPS,
            "inputs": fresh if typed is None else inputs(form, typed),
            "typed": typed is not None,
            "shapes": SHAPES,
        }
        return self._pages.answer(request, "faults.html", context)

    async def clock(self, request: web.Request) -> web.StreamResponse:
        """The sandbox's clock and its NTP server."""
        typed = _typed(self._pages.message(request), CONTROL, "time") or {}
        context = {
            "now": format_time(self._sandbox.clock.now())[:19] + "Z",
            "ahead": self._sandbox.clock.offset,
            "ntp": self._sandbox.ntp,
            "state": self._sandbox.ntp_state(),
            "faults": FAULTS,
            "typed": typed,
        }
        return self._pages.answer(request, "clock.html", context)

    async def _of_page(
        self, request: web.Request, read: Callable[..., tuple[list[Shown], bool]], *arguments: Any, **more: Any
    ) -> tuple[list[Shown], bool]:
        """The packets of a page. Open ones, which get them as events, ask for the rest of the page alone."""
        if "live" in request.query:
            return [], False
        return await asyncio.to_thread(read, *arguments, reveal=_reveal(request), **more)

    def _service(self, request: web.Request) -> Service:
        try:
            return self._sandbox.services[request.match_info["service"]]
        except KeyError:
            raise web.HTTPNotFound from None


def _names(device: DeviceView) -> dict[str, object]:
    """What operations call a device, by the names of their arguments."""
    return {name: value for action in device.actions for name, value in action.arguments.items()}


def _filled(form: Form, device: DeviceView, typed: Mapping[str, str] | None) -> tuple[Input, ...]:
    """The fields of a form that asks for a device, with this one."""
    first, *rest = inputs(form.arguments, typed)
    return (dataclasses.replace(first, value=str(_names(device)[form.arguments[0].name])), *rest)


def _reveal(request: web.Request) -> bool:
    return request.query.get("reveal") == "1"


def _number(request: web.Request, name: str) -> int:
    return whole(request.query.get(name, ""))


def _typed(message: Message | None, service: str, operation: str) -> Mapping[str, str] | None:
    """What was typed into the form of an operation that was refused."""
    wanted = f"{service}/{operation.replace('_', '-')}"
    return message.typed if message is not None and message.form.replace("_", "-") == wanted else None


def _oldest(packets: list[Shown]) -> int:
    """The id of a page's last packet, 0 if it has none."""
    return next((it.first or it.entry.id for it in reversed(packets) if it.entry), 0)
