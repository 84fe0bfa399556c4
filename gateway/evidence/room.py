"""How much of uploads lies in memory at once: one is large, and many come together when something has happened."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from gateway.api.backpressure import busy

_MOST = 256 * 1024 * 1024
"""Bytes, in one process. While it is sealed and stored, what has arrived takes up some three times as much."""

Take = Callable[[int], None]
"""Takes up room for some more bytes. Raises `ProblemError` 429 when there is none."""


class Room:
    """Bounds what has arrived and is not stored yet. Whoever finds no room is asked to come back."""

    def __init__(self, most: int = _MOST) -> None:
        """Have room for so many bytes."""
        self._left = most

    @contextmanager
    def entered(self) -> Iterator[Take]:
        """Give what takes up room, for as long as this lasts."""
        taken = 0

        def take(more: int) -> None:
            nonlocal taken
            if more > self._left:
                raise busy()
            self._left -= more
            taken += more

        try:
            yield take
        finally:
            self._left += taken


ROOM = Room()
"""That of this process."""
