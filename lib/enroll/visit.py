"""A page looks for Improv on a device whose program is running: its command interrupts the program like Ctrl-C.

The device answers the page then, and starts again once the page is silent. Loaded only then.
"""

from . import tasks

if False:  # for type hints only
    from collections.abc import Callable
    from typing import Any

_COMMAND = b"IMPROV\x01\x03"  # how a command begins; its last byte is Ctrl-C
_WAIT = 200  # ms for the rest of a command
_SILENCE = 10  # seconds after which the page has gone


def visit(port: "Any", make: "Callable") -> None:
    """After a KeyboardInterrupt: if a page has caused it, answer the page until it is silent. `make()`: the Enroller.

    Raises KeyboardInterrupt if it was Ctrl-C, and what the Enroller raises.
    """
    if not hasattr(port, "console"):
        raise KeyboardInterrupt
    console = port.console()  # from now on the page's next command does not interrupt
    try:
        byte = console.read(_WAIT)
        while byte and byte in _COMMAND:  # what came before Ctrl-C: some boards keep it
            byte = console.read(_WAIT)
        if byte != b"\x02":  # the length of every command with which a page begins
            raise KeyboardInterrupt
        frame = _COMMAND + byte + console.read(_WAIT) + console.read(_WAIT) + console.read(_WAIT)
        if sum(frame[:-1]) & 255 != frame[-1]:
            raise KeyboardInterrupt
        from .onboarding import register

        enroller = make()
        tasks.run(register(enroller, 0, _SILENCE, frame), port.feed, port.sleep, enroller)
    finally:
        console.close()
