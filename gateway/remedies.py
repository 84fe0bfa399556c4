"""Who gets what a case has carried: kept in the database before the message that orders it names them by reference."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.recipients import reachable
from gateway.refusals import NotFoundError, RefusedError
from gateway.starter import Starter
from schemas.service_request import Recipient
from storage import intake, recipients


@asynccontextmanager
async def recipient_kept(kawal: Starter, case_id: str, reference: str, recipient: Recipient) -> AsyncIterator[None]:
    """Keep who gets something that a case has carried while the message that orders it is sent, and from then on.

    The first one under a reference stays. When the case refuses the message, there is no reason to keep anybody.

    Raises:
        RefusedError: the phone number is none.
        NotFoundError: there is no such case.
    """
    reached = reachable(recipient)
    if not await intake.exists(kawal.pool, case_id):
        raise NotFoundError(f"case: there is none with the id {case_id}")
    await recipients.store(kawal.pool, reference, reached)
    try:
        yield
    except RefusedError:
        await recipients.forget_of_refused(kawal.pool, reference, case_id)
        raise
