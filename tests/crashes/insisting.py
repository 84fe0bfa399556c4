"""Senders who repeat a message until they have heard of it, as the callers of Kawal are told to."""

import asyncio

import asyncpg
from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError

from schemas.messages import Message, MessageReceipt
from tests.crashes.site import Handle, Site

_OUTAGES = (
    OSError,
    RPCError,
    TimeoutError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresError,
)
_PATIENCE = 5.0


async def send(site: Site, case: Handle, message: Message) -> MessageReceipt:
    """Send a message, under the same id every time, until its receipt comes."""
    while True:
        try:
            async with asyncio.timeout(_PATIENCE):
                return await site.starter.send(case.id, message)
        except _OUTAGES:
            await asyncio.sleep(0.2)


async def signal(case: Handle, message: Message) -> None:
    """Send a message as a signal until Temporal has taken it."""
    while True:
        try:
            async with asyncio.timeout(_PATIENCE):
                return await case.signal(message.kind, message)
        except _OUTAGES:
            await asyncio.sleep(0.2)
