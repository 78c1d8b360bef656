"""The simulated cloud services."""

from .azure import Azure
from .base import Service
from .centagate import Centagate
from .cumulocity import Cumulocity
from .etherfax import EtherFax
from .ickstream import IckStream
from .oauth import OAuth
from .rest import Rest
from .thingsboard import ThingsBoard
from .xyte import Xyte

ALL: tuple[type[Service], ...] = (EtherFax, IckStream, Xyte, Centagate, Rest, Azure, ThingsBoard, Cumulocity, OAuth)

__all__ = [
    "ALL",
    "Azure",
    "Centagate",
    "Cumulocity",
    "EtherFax",
    "IckStream",
    "OAuth",
    "Rest",
    "Service",
    "ThingsBoard",
    "Xyte",
]
