"""Which handler of which service answers a request."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import cast

from aiohttp import web

from .services.base import Handler, Service

# ".*" would not match a line break, and such a request would be missing in the log.
ANYTHING = r"{tail:[\s\S]*}"


@dataclasses.dataclass(frozen=True)
class Target:
    """Where a request goes: to a service's handlers by method, or (None) to its answer for unknown paths."""

    service: Service | None = None
    methods: Mapping[str, Handler] | None = None
    parts: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def name(self) -> str:
        """The service's name, "" if there is none."""
        return self.service.name if self.service else ""


class RouteTable:
    """Every path of every service, made once and used by all listeners."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._router = web.UrlDispatcher()
        self._targets: dict[web.AbstractResource, Target] = {}
        self._known: dict[str, Target] = {}  # by paths without variables
        for service in services:
            for base in service.bases:
                paths: dict[str, dict[str, Handler] | None] = {"": None, **_by_path(service), "/" + ANYTHING: None}
                for path, methods in paths.items():
                    resource = self._router.add_resource(base + path)
                    resource.add_route("*", _never)
                    self._targets[resource] = Target(service, methods)

    def known(self, path: str) -> Target | None:
        """The target of a path (as it came, without the query), if it has no variable and was found before."""
        return self._known.get(path)

    async def find(self, request: web.BaseRequest) -> Target:
        """The target of a request, with the variables in its path."""
        path = request.rel_url.raw_path
        match = await self._router.resolve(cast(web.Request, request))
        if match.http_exception is not None or match.route.resource is None:
            return Target()
        target = dataclasses.replace(self._targets[match.route.resource], parts=dict(match))
        if not match and target.methods is not None:
            self._known[path] = target
        return target


async def _never(request: web.Request) -> web.StreamResponse:
    """A placeholder for handlers in the router, which is used for look-ups only."""
    raise web.HTTPNotFound


def _by_path(service: Service) -> dict[str, dict[str, Handler]]:
    paths: dict[str, dict[str, Handler]] = {}
    for route in service.routes():
        paths.setdefault(route.path, {})[route.method] = route.handler
    return paths
