"""newest: the wheel in the virtual environment.

Its console script makes CPython import what a console script may need before MicroPython starts: half of the time that
a short program takes. Tests start thousands, by a script that goes straight to the wheel's one module, and does not
take CPython down at the end, which is another fifth.
"""

import sys
from pathlib import Path

from . import cache

MODULE = "micropython_run"
STARTER = """#!{python} -IS
import posix, sys
sys.path = [{site!r}]
from {module} import run_main
posix._exit(run_main(sys.argv))
"""


def script() -> Path:
    """The console script, whether it is there or not."""
    return Path(sys.executable).parent / "micropython"


def starter() -> Path:
    """The quicker script, written for where the virtual environment is now; the console script where that has none."""
    modules = sorted(Path(sys.executable).parent.parent.glob(f"lib/python*/site-packages/{MODULE}.*"))
    if not modules:
        return script()
    path = cache.CACHE / "newest" / "micropython"
    text = STARTER.format(python=sys.executable, site=str(modules[-1].parent), module=MODULE)
    if not path.exists() or path.read_text() != text:
        with cache.alone():
            path.parent.mkdir(exist_ok=True)
            partial = path.with_suffix(".partial")  # another process may be starting the old one
            partial.write_text(text)
            partial.chmod(0o755)
            partial.rename(path)
    return path
