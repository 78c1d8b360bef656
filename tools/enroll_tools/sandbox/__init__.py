"""A strict local stand-in for the cloud services that register devices, so that nobody burns a real registration."""

TYPE_CHECKING = False  # as in `typing`, which takes a while to import

if TYPE_CHECKING:
    from .errors import SandboxError
    from .faults import Fault
    from .log import Entry
    from .options import Options
    from .server import Sandbox
else:
    _HOMES = {"Entry": "log", "Fault": "faults", "Options": "options", "Sandbox": "server", "SandboxError": "errors"}

    def __getattr__(name):
        """Import a name when it is wanted: `enroll-sandbox` imports this before it can take care of Ctrl-C."""
        import importlib

        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


__all__ = ["Entry", "Fault", "Options", "Sandbox", "SandboxError"]
