"""One timer for the moment that a case waits for."""

import asyncio
from datetime import datetime

from temporalio import workflow


class Alarm:
    """Rings at a moment. Setting it to the moment that it is set to already costs no history events.

    A timer that still runs when the workflow ends is left alone: cancelling it would cost an event, too.
    """

    def __init__(self) -> None:
        self._moment: datetime | None = None
        self._timer: asyncio.Task[None] | None = None

    def set(self, moment: datetime | None, what_for: str) -> None:
        """Wait for a moment instead of the present one; None waits for nothing."""
        if moment == self._moment:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._moment, self._timer = moment, None
        if moment is not None and (left := moment - workflow.now()).total_seconds() > 0:
            self._timer = asyncio.create_task(workflow.sleep(left, summary=what_for))

    @property
    def rang_for(self) -> datetime | None:
        """The moment that it was set to, once it has come; it is the same whatever clock a replay reads."""
        return None if self.rang_at is None else self._moment

    @property
    def rang_at(self) -> datetime | None:
        """The moment that has come, never earlier than the one that was asked for; None while it is still ahead."""
        if self._moment is None or (self._timer is not None and not self._timer.done()):
            return None
        return max(self._moment, workflow.now())
