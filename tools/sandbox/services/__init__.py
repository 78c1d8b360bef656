"""The simulated cloud services."""

from .azure import Azure
from .base import Service
from .centagate import Centagate
from .cumulocity import Cumulocity
from .etherfax import EtherFax
from .ickstream import IckStream
from .rest import Rest
from .thingsboard import ThingsBoard
from .xyte import Xyte

ALL: tuple[type[Service], ...] = (EtherFax, IckStream, Xyte, Centagate, Rest, Azure, ThingsBoard, Cumulocity)

__all__ = ["ALL", "Azure", "Centagate", "Cumulocity", "EtherFax", "IckStream", "Rest", "Service", "ThingsBoard", "Xyte"]
