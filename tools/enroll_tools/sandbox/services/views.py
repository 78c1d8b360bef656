"""The views of the services, by the services' names."""

from __future__ import annotations

from typing import Any

from .azure_view import AzureView
from .centagate_view import CentagateView
from .cumulocity_view import CumulocityView
from .etherfax_view import EtherFaxView
from .ickstream_view import IckStreamView
from .oauth_view import OAuthView
from .rest_view import RestView
from .thingsboard_view import ThingsBoardView
from .view import View
from .xyte_view import XyteView

VIEWS: dict[str, type[View[Any]]] = {
    "etherfax": EtherFaxView,
    "ickstream": IckStreamView,
    "xyte": XyteView,
    "centagate": CentagateView,
    "rest": RestView,
    "azure": AzureView,
    "thingsboard": ThingsBoardView,
    "cumulocity": CumulocityView,
    "oauth": OAuthView,
}
