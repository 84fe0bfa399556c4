"""Starting what was accepted and never started: whoever accepted it died, or could not reach Temporal."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from temporalio.service import RPCError

from gateway.refusals import AWAY

_AT_ONCE = 8
"""Started at the same time."""

_T = TypeVar("_T")


async def sweep(more: Callable[[_T | None], Awaitable[Sequence[_T]]], start: Callable[[_T], Awaitable[object]]) -> int:
    """Start all that was left behind, several at a time, and return how much that was. Several may sweep at once.

    One that Temporal refuses keeps no other from being started.

    Args:
        more: returns the next page after the last one of the page before; none: the first page.
        start: starts one, once.

    Raises:
        RPCError: Temporal is away, or it refused something; what else there was is started then.
    """
    number, last, refused = 0, None, None
    while page := await more(last):
        for first in range(0, len(page), _AT_ONCE):
            some = page[first : first + _AT_ONCE]
            ended = await asyncio.gather(*map(start, some), return_exceptions=True)
            refused = _refusal(ended) or refused
        number, last = number + len(page), page[-1]
    if refused is not None:
        raise refused
    return number


def _refusal(ended: Sequence[object]) -> RPCError | None:
    """Return what Temporal refused of some that were tried. Raises what keeps all others from being started, too."""
    refused = None
    for problem in ended:
        if isinstance(problem, RPCError) and problem.status not in AWAY:
            refused = problem
        elif isinstance(problem, BaseException):
            raise problem
    return refused
