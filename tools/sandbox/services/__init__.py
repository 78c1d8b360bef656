"""The four simulated cloud services."""

from .base import Service
from .centagate import Centagate
from .etherfax import EtherFax
from .ickstream import IckStream
from .xyte import Xyte

__all__ = ["Centagate", "EtherFax", "IckStream", "Service", "Xyte"]
