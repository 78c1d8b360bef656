"""Exceptions for mistakes made when starting or administering the sandbox."""


class SandboxError(Exception):
    """A mistake that one sentence explains: a busy port, an unknown device, a value of the wrong type."""


class BadArgument(SandboxError):
    """An argument that does not fit an operation's signature."""


class BadOption(SandboxError):
    """A mistake in the options for starting the sandbox."""


class NotKept(SandboxError):
    """The state folder cannot be used now, as on a full disk: nothing of what was done is kept."""
