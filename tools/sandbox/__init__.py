"""A strict local stand-in for four cloud services that register devices, so that nobody burns a real registration."""

from .errors import SandboxError
from .faults import Fault
from .log import Entry
from .options import Options
from .server import Sandbox

__all__ = ["Entry", "Fault", "Options", "Sandbox", "SandboxError"]
