"""The views of the services, by the services' names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from .azure_view import AzureView
from .base import Service
from .centagate_view import CentagateView
from .etherfax_view import EtherFaxView
from .rest_view import RestView
from .view import Answered, DeviceView, Field, Seen, View
from .xyte_view import XyteView


class Plain(View[Service]):
    """For a service whose own view is not written yet."""

    empty = "There is no device yet."
    made_by: ClassVar = {}
    states: ClassVar = {}
    verdicts: ClassVar = {}

    def devices(self) -> list[DeviceView]:
        """None are shown."""
        return []

    def fields(self, seen: Seen) -> Iterable[Field]:
        """None are known."""
        return ()

    def reason(self, seen: Seen) -> Answered:
        """Only the status."""
        return Answered(f"The service answered {seen.entry.status}: the reason cannot be told.")


VIEWS: dict[str, type[View[Any]]] = {
    "etherfax": EtherFaxView,
    "azure": AzureView,
    "centagate": CentagateView,
    "xyte": XyteView,
    "rest": RestView,
    **dict.fromkeys(("ickstream", "thingsboard", "cumulocity", "oauth"), Plain),
}
