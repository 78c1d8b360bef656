"""What a board says of its MicroPython, and whether that is new enough."""

from __future__ import annotations

from dataclasses import dataclass

OLDEST = (1, 25)
NEEDED = f"flash MicroPython {OLDEST[0]}.{OLDEST[1]} or later"
OLDEST_OF = {"rp2": (1, 28)}  # by sys.platform: older versions lose an answer if a reset follows it


@dataclass(frozen=True)
class Facts:
    """What a board says of itself."""

    version: tuple[int, ...]
    platform: str
    build: str
    mpy: int
    tls: bool

    @property
    def board(self) -> str:
        """Its name, without the variant of its build."""
        return self.build.partition("-")[0]

    @property
    def running(self) -> str:
        """Its version of MicroPython."""
        return ".".join(map(str, self.version))

    @property
    def outdated(self) -> str:
        """What to flash if the version is too old for this family; "" if it is not."""
        oldest = OLDEST_OF.get(self.platform, OLDEST)
        return f"flash MicroPython {oldest[0]}.{oldest[1]} or later" if self.version < oldest else ""
