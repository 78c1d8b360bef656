"""The simulated cloud services."""

from .base import Service
from .centagate import Centagate
from .cumulocity import Cumulocity
from .etherfax import EtherFax
from .ickstream import IckStream
from .thingsboard import ThingsBoard
from .xyte import Xyte

ALL: tuple[type[Service], ...] = (EtherFax, IckStream, Xyte, Centagate, ThingsBoard, Cumulocity)

__all__ = ["ALL", "Centagate", "Cumulocity", "EtherFax", "IckStream", "Service", "ThingsBoard", "Xyte"]
