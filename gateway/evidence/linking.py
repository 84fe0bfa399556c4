"""Photos and documents become part of a case: what complaints and messages name must be their sender's own."""

import re
from collections.abc import Sequence

from gateway.refusals import RefusedError
from schemas.access import Caller, CallerRole
from schemas.complaint import Place
from storage import database, evidence, evidence_links


async def hold(pool: database.Pool, case_id: str, evidence_ids: Sequence[str], caller: Caller) -> None:
    """Hold uploads for a complaint before it is accepted, so that none is accepted with another's photos.

    Call `link` once it is accepted; a sweep does, should nobody. If it is refused, call `evidence_links.let_go`.

    Raises:
        RefusedError: evidence: which is not the caller's, or is part of another case.
    """
    try:
        await evidence_links.hold(pool, case_id, evidence_ids, caller.id, channel_of(caller))
    except evidence_links.NotUsableError as error:
        raise RefusedError(f"evidence: {error}") from error


async def link(pool: database.Pool, case_id: str, evidence_ids: Sequence[str], caller: Caller) -> None:
    """Make uploads part of a case that was accepted, all or none. Again is harmless.

    Raises:
        RefusedError: evidence: which is not the caller's, or is part of another case.
        storage.persons.ErasedError: whom the case is about was erased.
    """
    try:
        await evidence_links.link(pool, case_id, evidence_ids, caller.id, channel_of(caller))
    except evidence_links.NotUsableError as error:
        raise RefusedError(f"evidence: {error}") from error


def uploads_among(references: Sequence[str]) -> tuple[str, ...]:
    """Return those references that name uploads of ours; the others name what is kept elsewhere."""
    return tuple(reference for reference in references if _UPLOAD.fullmatch(reference))


_UPLOAD = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def place_offered(pool: database.Pool, evidence_ids: Sequence[str], caller: Caller) -> Place | None:
    """Return where the first of the caller's photos that says so was taken."""
    for evidence_id in evidence_ids:
        kept = await evidence.found(pool, evidence_id)
        if kept and kept.opened and kept.opened.place and is_uploader(caller, kept):
            return kept.opened.place
    return None


def is_uploader(caller: Caller, kept: evidence.Kept) -> bool:
    """Return whether an upload is the caller's own, or of a system's own channel."""
    channel = channel_of(caller)
    return caller.id == kept.uploaded_by or (channel is not None and channel == kept.channel)


def channel_of(caller: Caller) -> str | None:
    """Return the channel that a system acts for; nobody else acts for one."""
    return caller.channel if caller.role is CallerRole.SYSTEM else None
