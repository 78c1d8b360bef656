"""The simulated cloud services."""

from .base import Service
from .centagate import Centagate
from .etherfax import EtherFax
from .ickstream import IckStream
from .thingsboard import ThingsBoard
from .xyte import Xyte

ALL: tuple[type[Service], ...] = (EtherFax, IckStream, Xyte, Centagate, ThingsBoard)

__all__ = ["ALL", "Centagate", "EtherFax", "IckStream", "Service", "ThingsBoard", "Xyte"]
