"""Under CPython all pure tests share one process: what one of them has left in a module is taken back."""

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def real_parts() -> Iterator[None]:
    """boots.Port replaces `clock.ask` until it is called, which not every test does, and the Store of the library."""
    from enroll import clock, store

    before = store.Store
    yield
    clock.ask = getattr(clock, "real", clock.ask)
    store.Store = before
