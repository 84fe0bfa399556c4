"""Who read personal data: for auditors."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from gateway.api import cursors
from gateway.api.guard import Who, check
from gateway.api.problems import RESPONSES
from gateway.kawal import Here
from schemas.access import Action, Relation
from schemas.base import CaseId, Model, Reference
from storage import personal_reads
from storage.personal_reads import PersonalRead

router = APIRouter(prefix="/v1", tags=["personal reads"])


class PersonalReads(Model):
    """One page of reads."""

    reads: tuple[PersonalRead, ...] = Field(description="the latest first; which fields, never what stood in them")
    next: str | None = Field(description="the cursor of the next page; none: this is the last")


class _From(Model):
    read: int = Field(ge=0, lt=2**63)


@router.get(
    "/personal-reads",
    operation_id="listPersonalReads",
    summary="Who read personal data, and when",
    responses={status: RESPONSES[status] for status in (401, 403, 422, 503)},
)
async def list_reads(
    *,
    kawal: Here,
    caller: Who,
    subject: Annotated[CaseId | None, Query(description="of this case, request or delivery")] = None,
    by: Annotated[Reference | None, Query(alias="caller", description="by this account or key")] = None,
    cursor: cursors.Cursor = None,
    limit: cursors.Limit = 50,
) -> PersonalReads:
    """Return each read that was recorded before something personal was shown. Nobody can change or remove one."""
    check(caller, Action.SEE_READS, Relation.OWN, "personal reads")
    start = cursors.read(_From, cursor)
    before = start.read if start else None
    found = await personal_reads.listing(kawal.pool, subject=subject, caller=by, before=before, limit=limit + 1)
    shown = found[:limit]
    last = cursors.written(_From(read=shown[-1].read)) if len(found) > limit else None
    return PersonalReads(reads=tuple(shown), next=last)
