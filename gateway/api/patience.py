"""How long a call waits for a workflow to take a message, before it says that it did not hear."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError

from gateway.refusals import NoAnswerError

_SECONDS = 10.0
"""A worker that runs takes a message within one."""

_T = TypeVar("_T")


async def receipt(sent: Awaitable[_T]) -> _T:
    """Return the receipt of a message, or raise `NoAnswerError` when none came in time."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await sent
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        raise NoAnswerError(f"no worker took the message within {_SECONDS:g} seconds") from error
