"""The exceptions for mistakes of the person who starts or administers the sandbox."""


class SandboxError(Exception):
    """A mistake that one sentence explains: a busy port, an unknown device, a value of the wrong type."""


class BadOption(SandboxError):
    """The mistake is in how the sandbox was to be started."""
