"""Leaving a carrier alone that is away: after some failures in a row, calls fail at once until one gets through."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from carriers.protocol import CarrierAwayError, CarrierRefusedError, CarrierUnreadableError

FAILURES = 5
"""In a row; from then on nobody calls until the pause is over."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds. A pause is twice as long as the one before, and as long as the carrier asks for at least."""


class Circuit:
    """Knows of all calls of one process to one carrier."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._pauses = 0
        self._left_alone_until = 0.0
        self._trying = False

    @contextmanager
    def calling(self) -> Iterator[None]:
        """Let a call pass, and learn from how it ends.

        Raises:
            CarrierAwayError: the call found the carrier away, or is left out for as long as `retry_after` says.
        """
        tries = self._failures >= FAILURES
        if tries and (self._trying or self._rest()):
            raise CarrierAwayError("it was away when last called", timedelta(seconds=self._rest() or self._pause()))
        self._trying = self._trying or tries
        try:
            yield
        except CarrierAwayError as away:
            self._count(away)
            raise
        except (CarrierRefusedError, CarrierUnreadableError):  # it is there
            self._failures = self._pauses = 0
            raise
        else:
            self._failures = self._pauses = 0
        finally:
            if tries:
                self._trying = False

    def _count(self, away: CarrierAwayError) -> None:
        self._failures += 1
        if self._failures >= FAILURES:
            if not self._rest():  # else it is the answer to a call from before the pause
                asked_for = away.retry_after.total_seconds() if away.retry_after else 0
                self._left_alone_until = self._clock() + max(self._pause(), asked_for)
                self._pauses += 1
            away.retry_after = timedelta(seconds=self._rest())

    def _pause(self) -> float:
        return min(FIRST_PAUSE * 2.0 ** min(self._pauses, 10), LONGEST_PAUSE)

    def _rest(self) -> float:
        return max(self._left_alone_until - self._clock(), 0.0)
