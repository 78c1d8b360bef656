"""Commits the work of many requests together: each write to the disk costs more than what it writes."""

from __future__ import annotations

import asyncio

from .state import State


class Group:
    """The requests whose work is done and not yet committed, in one event loop."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._waiting: list[asyncio.Future[None]] = []

    async def committed(self) -> None:
        """Wait until all that was done so far is committed. Raises what has gone wrong."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._commit)  # after the other requests that are ready now
        self._waiting.append(future)
        await future

    def _commit(self) -> None:
        waiting, self._waiting = self._waiting, []
        error: Exception | None = None
        try:
            self._state.commit_group()
        except Exception as caught:
            error = caught
        for future in waiting:
            if future.done():  # its request was cancelled
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)
