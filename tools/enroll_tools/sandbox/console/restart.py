"""How to start the sandbox again with the same options, where something else is wanted of it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from ..options import DEFAULT_PORTS
from ..services.settings import spelled

if TYPE_CHECKING:
    from ..server import Sandbox


def serve_lan(sandbox: Sandbox, program: str) -> str:
    """The command that serves the network: with the same state, and with the ports and settings in use."""
    options = sandbox.options
    words = ["serve", "--lan", "--state", str(sandbox.state_folder.resolve())]
    free = not options.ports.keys() >= DEFAULT_PORTS.keys()
    if free:
        words.append("--free-ports")
    for name, number in options.ports.items():
        if free or DEFAULT_PORTS.get(name) != number:
            words += ["--port", f"{name}={number}"]
    for name in options.names:
        words += ["--name", name]
    for name, value in options.settings.items():
        words += ["--set", f"{name}={spelled(value)}"]
    if options.most is not None:
        words += ["--most", str(options.most)]
    words += ["--rsa"] * options.rsa + ["--reveal-secrets"] * options.reveal_secrets
    return f"{program} {shlex.join(words)}"
