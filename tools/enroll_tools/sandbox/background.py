"""An event loop in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager

LOGGER = logging.getLogger("sandbox")


@contextlib.contextmanager
def in_background(serve: Callable[[], AbstractAsyncContextManager[None]]) -> Iterator[None]:
    """Enter ``serve()`` in the loop of a new thread, and leave it there at the end. Raises what entering it raises."""
    loop = asyncio.new_event_loop()
    ready, end = threading.Event(), asyncio.Event()
    failure: list[BaseException] = []

    async def work() -> None:
        async with serve():
            ready.set()
            await end.wait()

    def run() -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(work())
        except BaseException as error:
            # Before it is ready, the thread that waits for it raises the error.
            failure.append(error)
            if ready.is_set():
                LOGGER.exception("the sandbox ended with an error")
        finally:
            loop.close()
            ready.set()

    thread = threading.Thread(target=run, name="sandbox", daemon=True)
    try:
        thread.start()  # Ctrl-C may come from here on
        ready.wait()
        if failure:
            raise failure[0]
        yield
    finally:
        with contextlib.suppress(RuntimeError):  # it has ended by itself, with an error, which is in the log
            loop.call_soon_threadsafe(end.set)
        with contextlib.suppress(RuntimeError):  # it was never started
            thread.join()
