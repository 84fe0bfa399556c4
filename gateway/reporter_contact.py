"""Reaching reporters: who left an e-mail address or phone number with a complaint hears of what becomes of it."""

from datetime import UTC, datetime, timedelta

import structlog
from pydantic import ValidationError

from schemas.complaint import Intake
from schemas.notices import EMAIL, WHATSAPP, addressee_of
from storage import contacts, intake
from storage.database import Pool
from storage.persons import ErasedError

_REPEATS = timedelta(days=1)
"""A complaint that is handed in again within this time may find the work of a process that died half done. Later,
reporters decide about their contacts: one that was removed does not come back because a file is imported again."""

_log = structlog.get_logger("notices")


async def reach_reporter(pool: Pool, case_id: str, given: Intake) -> None:
    """Let the reporter of an accepted complaint be reached where the complaint says; doing it again changes nothing.

    The complaint that was accepted first counts, not what a repeat says: nobody comes to hear of a case by handing it
    in again with another address. Who left neither address nor number is not reached.

    Args:
        pool: the database.
        case_id: that the complaint was accepted under.
        given: what was handed in just now.
    """
    now = datetime.now(UTC)
    if given.reporter is None or not (given.reporter.email or given.reporter.phone):
        return
    accepted = await intake.accepted(pool, case_id)
    if accepted is None or now - accepted.accepted_at > _REPEATS:
        return
    try:
        first = await intake.original(pool, case_id)
    except ErasedError:
        return
    reporter = first.reporter if first else None
    for channel, address in ((EMAIL, reporter and reporter.email), (WHATSAPP, reporter and reporter.phone)):
        if address:
            await _reach(pool, case_id, channel, address, now)


async def _reach(pool: Pool, case_id: str, channel: str, address: str, now: datetime) -> None:
    try:
        await contacts.add_first(pool, addressee_of(case_id), address, now, channel=channel)
    except ValidationError:  # the complaint is safe, and that counts
        _log.warning("a reporter cannot be reached: what was given is no address", case_id=case_id, channel=channel)
