"""A stream of server-sent events that nobody can hold up."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog
from fastapi.sse import EventSourceResponse, ServerSentEvent, format_sse_event
from starlette.types import Message, Send

_LONGEST_SEND_SECONDS = 30.0
"""How long a client may take nothing of what is sent to it."""

STILL_THERE = ServerSentEvent(comment="still there")
"""Says nothing, and keeps connections open on the way."""

_log = structlog.get_logger("events")


class EventStream(EventSourceResponse):
    """Sends events as they come. A client that does not take them is dropped: it comes back, and says where it was."""

    def __init__(self, events: AsyncGenerator[ServerSentEvent], *, longest_send: float = _LONGEST_SEND_SECONDS) -> None:
        """Send these events; drop the client when it takes none for so many seconds."""
        super().__init__(_written(events), headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._events = events
        self._longest_send = longest_send

    async def stream_response(self, send: Send) -> None:
        """Send until the events end, or the client takes no more of them."""

        async def in_time(message: Message) -> None:
            async with asyncio.timeout(self._longest_send):
                await send(message)

        async with aclosing(self._events):
            try:
                await super().stream_response(in_time)
            except TimeoutError:
                _log.warning("a client that takes no events was dropped")


async def _written(events: AsyncGenerator[ServerSentEvent]) -> AsyncGenerator[bytes]:
    async for event in events:
        data = None if event.data is None else event.data.model_dump_json()
        yield format_sse_event(data_str=data, event=event.event, id=event.id, retry=event.retry, comment=event.comment)
