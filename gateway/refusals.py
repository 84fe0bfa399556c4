"""What every edge of Kawal says when something cannot be, and which errors of Temporal pass by themselves."""

from temporalio.service import RPCStatusCode

PAUSES_AFTER_A_LOST_TASK = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds. Temporal drops an update whose workflow task failed; under its id it may simply be sent again."""

BUSY = (RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.RESOURCE_EXHAUSTED)
"""A workflow's task was lost, or ten messages to it are under way: it takes this one in a moment."""

AWAY = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.RESOURCE_EXHAUSTED)


class RefusedError(ValueError):
    """Kawal refuses a complaint, request or message; the text says why, and what would help."""


class NotFoundError(LookupError):
    """There is no such case or request."""


class NoAnswerError(TimeoutError):
    """No worker took a message in time. It may take effect later; the same message may simply be sent again."""
