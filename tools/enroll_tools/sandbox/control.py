"""The operations on the sandbox itself, for the admin API and the command line."""

from __future__ import annotations

import base64
import dataclasses
import math
import textwrap
from typing import TYPE_CHECKING, Annotated, Any, Literal

from .clock import EARLIEST, LATEST, format_time
from .errors import SandboxError
from .fault_kinds import DAY, EXPIRES, KINDS
from .faults import Fault, decode_body
from .log import PAGE
from .ntp import FAULTS, TWO_CENTURIES
from .operations import HOUR, MANY, About, name_of, operation
from .options import LISTENERS
from .samples import SERVICES, configuration, form, fresh
from .shapes import HELP_WIDTH, summary

if TYPE_CHECKING:
    from .server import Sandbox

OneService = Annotated[str, name_of("A service, or * for any.", (*SERVICES, "*"))]


def _kinds() -> str:
    """The kinds of faults, for the help of `fault`."""
    width = max(map(len, KINDS)) + 2
    lines = []
    for name, kind in KINDS.items():
        first, *more = textwrap.wrap(kind.meets, HELP_WIDTH - width)
        lines += [f"{name:{width}}{first}", *(" " * width + line for line in more)]
    return "Kinds for --kind:\n\n\b\n" + "\n".join(lines)


class Control:
    """The operations on the sandbox itself. They differ from Sandbox's methods in that they take and return JSON."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    @operation
    def info(self) -> dict[str, Any]:
        """Show the addresses of all listeners, the CA and the sandbox's time."""
        return self._sandbox.info()

    @operation
    def console(self) -> str:
        """Make a link that lets one browser into the console, once, within ten minutes."""
        return self._sandbox.console_link()

    @operation
    def counts(self) -> dict[str, dict[str, int]]:
        """Show the connections and logged requests of each listener."""
        return self._sandbox.counts()

    @operation
    def log(
        self,
        service: Annotated[str | None, About("Only this service's requests; ntp counts as one.")] = None,
        listener: Annotated[str | None, About("Only this listener's requests.", choices=LISTENERS)] = None,
        after: Annotated[int, About("Only requests after this id.", 0)] = 0,
        before: Annotated[int | None, About("Only requests before this id: the last ones.", 1)] = None,
        device: Annotated[str | None, About("Only requests of the device with this id.")] = None,
        limit: Annotated[int, About("How many requests at most.", 1, PAGE)] = PAGE,
        reveal: Annotated[bool, About("Show secrets.")] = False,
    ) -> list[dict[str, Any]]:
        """A page of the logged requests, oldest first."""
        found = self._sandbox.log(service, listener, after, before=before, device=device, limit=limit, reveal=reveal)
        return [entry.as_dict() for entry in found]

    @operation
    def clear_log(self) -> None:
        """Forget the logged requests."""
        self._sandbox.clear_log()

    @operation
    def fault(
        self,
        service: OneService,
        kind: Annotated[str | None, About("What goes wrong, by name; see below.", choices=tuple(KINDS))] = None,
        device: Annotated[str, About("Only requests of the device with this id.")] = "",
        expires: Annotated[float, About("Seconds until it ends by itself.", 1, DAY)] = EXPIRES,
        times: Annotated[
            int | None, About("Requests that meet it; else 1, or with --kind all until it expires.", 1, MANY)
        ] = None,
        status: Annotated[
            int | None, About("Answer with this status; the service does not see the request.", 200, 599)
        ] = None,
        headers: Annotated[dict[str, Any] | None, About("Headers to add to the answer.")] = None,
        body: Annotated[str, About("Body of the answer; needs --status.")] = "",
        body_base64: Annotated[str, About("Body of the answer in Base64; needs --status.")] = "",
        delay: Annotated[float | None, About("Seconds before the answer.", 0, HOUR)] = None,
        drop: Annotated[
            str | None, About("Close before or after the service has done its work.", choices=("before", "after"))
        ] = None,
        truncate: Annotated[int | None, About("Close after this many bytes of the body.", 0, MANY)] = None,
        path: Annotated[str, About("Only requests with this text in their path.")] = "",
        shape: Annotated[str | None, About("Spoil the answer in one of the ways below.")] = None,
        registration: Annotated[bool, About("Only answers that have the device's credential.")] = False,
        most: Annotated[int | None, About("Only requests beyond so many in any one second.", 1, MANY)] = None,
    ) -> dict[str, int]:
        """Set a fault for the next requests of a service, of one of its devices, or of any ("*"); show its number."""
        moments: dict[str | None, Literal["before", "after"] | None] = {
            None: None,
            "before": "before",
            "after": "after",
        }
        if drop not in moments:
            raise SandboxError('drop must be "before" or "after"')
        names = {name: str(value) for name, value in headers.items()} if headers else None
        content = decode_body(body, body_base64)
        number = self._sandbox.fault(
            service,
            times,
            status,
            names,
            content,
            delay,
            moments[drop],
            truncate,
            path,
            shape,
            kind=kind,
            device=device,
            expires=expires,
            registration=registration,
            most=most,
        )
        return {"id": number}

    fault.__doc__ = f"{fault.__doc__}\n\n{_kinds()}\n\nShapes for --shape, joined by commas:\n\n{summary()}"

    @operation
    def export_state(self) -> dict[str, Any]:
        """Show the devices, users and tokens of all services, secrets in the clear, as one object."""
        return self._sandbox.export_state()

    @operation
    def import_state(
        self,
        state: Annotated[dict[str, Any], About("What export-state has returned.")],
        replace: Annotated[bool, About("Delete what is there.")] = False,
    ) -> dict[str, int]:
        """Read in what export-state has returned, all of it or nothing; returns the rows of each service."""
        return self._sandbox.import_state(state, replace)

    @operation
    def example(
        self,
        service: Annotated[str, name_of("The service.", SERVICES)],
        create: Annotated[bool, About("Create the device; else its secrets are questions of enroll-provision.")] = True,
        by_hand: Annotated[bool, About("Let the device wait until a person accepts it.")] = False,
    ) -> dict[str, Any]:
        """Create a device, and show its enroll.json for this address and the CA that belongs beside it."""
        section = (fresh if create else form)(self._sandbox, service, by_hand)
        return {
            "enroll.json": configuration(self._sandbox, service, section) | {"ca": self._sandbox.ca_der.name},
            "ca.der": base64.b64encode(self._sandbox.ca_der.read_bytes()).decode(),
            "ca_sha256": self._sandbox.ca_sha256,
        }

    @operation
    def faults(self) -> list[dict[str, Any]]:
        """Show the faults that are set, with the seconds that are left; of a body, only its length."""
        return [_plain(fault) for fault in self._sandbox.faults()]

    @operation
    def clear_faults(
        self,
        service: Annotated[str | None, About("Only this service's faults.")] = None,
        id: Annotated[int | None, About("Only the fault with this number.", 1, MANY)] = None,
    ) -> None:
        """Remove a fault, those of one service, or all and the NTP server's."""
        self._sandbox.clear_faults(service, id)

    @operation
    def time(
        self,
        set: Annotated[str | float | None, About("An ISO 8601 instant, or Unix seconds.", EARLIEST, LATEST)] = None,
        system: Annotated[bool, About("Follow the machine's clock again.")] = False,
    ) -> str:
        """Show the sandbox's time, and set it first if an option says so."""
        if set is not None and system:
            raise SandboxError("give set or system, not both")
        if set is not None:
            self._sandbox.set_time(set)
        elif system:
            self._sandbox.set_time(None)
        return format_time(self._sandbox.clock.now())

    @operation
    def ntp(
        self,
        fault: Annotated[str | None, About("How it misbehaves, or none.", choices=(*FAULTS, "none"))] = None,
        times: Annotated[int | None, About("Queries that meet it; else all.", 1, MANY)] = None,
        offset: Annotated[
            float | None, About("Seconds to add to the clock's time.", -TWO_CENTURIES, TWO_CENTURIES)
        ] = None,
    ) -> dict[str, Any]:
        """Show the NTP server's fault and its offset from the clock, and set them first if options say so."""
        if fault is not None:
            self._sandbox.ntp_fault(None if fault == "none" else fault, times)
        if offset is not None:
            self._sandbox.ntp_offset(offset)
        return self._sandbox.ntp_state()


def _plain(fault: Fault) -> dict[str, Any]:
    return {**dataclasses.asdict(fault), "body": f"{len(fault.body)} bytes", "expires": math.ceil(fault.expires)}
