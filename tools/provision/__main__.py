"""``python -m provision``."""

import signal

_OURS = signal.getsignal(signal.SIGINT) is signal.default_int_handler
if _OURS:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C while modules are imported ends it without a traceback

from .cli import main  # noqa: E402

if __name__ == "__main__":
    try:
        if _OURS:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        main(prog_name="provision")
    finally:
        if _OURS:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
