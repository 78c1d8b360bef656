"""Lines on a terminal that change and are removed at the end. Imported only for a terminal, because the import is slow.

The console library gets finished text: it reads no markup and draws no emoji.
"""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text


class Lines:
    """The lines that `draw` returns, at the end of what stderr shows, from `start` to `stop`."""

    def __init__(self, draw: Callable[[], list[str]]) -> None:
        self._console = Console(stderr=True, markup=False, emoji=False, highlight=False)
        self._live = Live(
            get_renderable=lambda: Group(*map(Text, draw())),
            console=self._console,
            refresh_per_second=4,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    @property
    def started(self) -> bool:
        """Whether they are shown."""
        return self._live.is_started

    def start(self) -> None:
        """Show them."""
        self._live.start()

    def stop(self) -> None:
        """Take them away."""
        self._live.stop()

    def refresh(self) -> None:
        """Draw them as they are now, if they are shown."""
        if self.started:
            self._live.refresh()

    def print(self, text: str, style: str = "") -> None:
        """Print a line that stays, above them."""
        self.refresh()  # else the old lines are drawn once more, below the new text
        self._console.print(Text(text, style=style), soft_wrap=True)

    def bell(self) -> None:
        """Ring the terminal's bell."""
        self._console.bell()
