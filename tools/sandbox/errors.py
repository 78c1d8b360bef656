"""The one exception that the sandbox raises for mistakes of whoever starts or administers it."""


class SandboxError(Exception):
    """A mistake that one sentence explains: a busy port, an unknown device, a value of the wrong type."""


class BadOption(SandboxError):
    """The mistake is in how the sandbox was to be started."""
