"""Under CPython all pure tests share one process: what one of them has left in a module is taken back."""

import sys
from collections.abc import Iterator

import enroll.config
import pytest

UNLOAD = enroll.config.unload


@pytest.fixture(autouse=True)
def real_parts() -> Iterator[None]:
    """boots.Port replaces `clock.ask` until it is called, which not every test does, and the Journal of the library.

    The tool that provisions boards keeps what the library unloads, in the same process.
    """
    from enroll import clock, commit

    before = commit.Journal
    for name, module in list(sys.modules.items()):
        if name.startswith("enroll.") and hasattr(module, "unload") and name != "enroll.providers.etherfax":
            module.unload = UNLOAD  # type: ignore[attr-defined]
    yield
    clock.ask = getattr(clock, "real", clock.ask)
    commit.Journal = before
