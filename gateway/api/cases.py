"""How a case stands, what happened to it, and what it led to. Nothing here was written by people."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Response
from pydantic import Field

from domain import access, ledger
from gateway.api.case_shown import CaseShown, shown
from gateway.api.case_timeline import Item, item
from gateway.api.case_words import words_of
from gateway.api.guard import Who, case_for
from gateway.api.message_bodies import taken_from
from gateway.api.problems import RESPONSES
from gateway.kawal import Here
from schemas.access import Action
from schemas.base import CaseId, Model
from schemas.ledger import LedgerEntry
from storage import case_lines, case_records, case_search, intake, policy_words

router = APIRouter(prefix="/v1", tags=["cases"])

CaseIdInPath = Annotated[
    str, Path(description="the case's id, as the reporter was told it", pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
]
_USUAL: dict[int | str, dict[str, Any]] = {status: RESPONSES[status] for status in (401, 403, 404, 422, 503)}
_ETAG = {"ETag": {"description": "the case's seq, for If-Match and If-None-Match", "schema": {"type": "string"}}}


def etag(seq: int) -> str:
    """Return the tag of a case after so many things have happened to it."""
    return f'"{seq}"'


class TimelineShown(Model):
    """What happened to a case."""

    case_id: CaseId
    items: tuple[Item, ...] = Field(description="oldest first; none before the case is routed")


class CaseLedger(Model):
    """The ledger of a case."""

    case_id: CaseId
    entries: tuple[LedgerEntry, ...] = Field(description="first entry first")
    broken_at: int | None = Field(description="the first entry whose seal does not hold; none: the chain holds")
    head: str = Field(description="the hash of the last entry, which stands for the whole chain")


@router.get(
    "/cases/{case_id}",
    operation_id="getCase",
    summary="See how a case stands",
    response_model=CaseShown,
    responses={200: {"headers": _ETAG}, 304: {"description": "Nothing has happened since"}, **_USUAL},
)
async def get_case(
    kawal: Here,
    caller: Who,
    case_id: CaseIdInPath,
    response: Response,
    if_none_match: Annotated[
        str | None, Header(max_length=200, description="an ETag: 304 while nothing has happened since")
    ] = None,
) -> CaseShown | Response:
    """Return where a case stands, who has it, and what happens next and when: as data, and in plain words."""
    case = await case_for(kawal, caller, Action.SEE, case_id)
    tag = {"ETag": etag(case.seq), "Vary": "Authorization, X-API-Key"}
    if if_none_match == tag["ETag"]:
        return Response(status_code=304, headers=tag)
    response.headers.update(tag)
    words = words_of(case, *await policy_words.of_version(kawal.pool, case.policy_version))
    relation = access.relation_to_case(caller, case, await intake.reported_by(kawal.pool, case_id))
    known = await case_search.known_among(kawal.pool, caller, case.possible_duplicates)
    return shown(case, caller, words, taken_from(caller, case, relation), known)


@router.get(
    "/cases/{case_id}/timeline",
    operation_id="getTimeline",
    summary="See what happened to a case",
    responses=_USUAL,
)
async def get_timeline(kawal: Here, caller: Who, case_id: CaseIdInPath) -> TimelineShown:
    """Return everything that happened to a case, oldest first. What people wrote is not part of it.

    Reporters see which agency did something, in which role, and nobody's account.
    """
    await case_for(kawal, caller, Action.SEE, case_id)
    lines = await case_lines.after(kawal.pool, case_id)
    return TimelineShown(case_id=case_id, items=tuple(item(line, caller) for line in lines))


@router.get(
    "/cases/{case_id}/ledger",
    operation_id="getLedger",
    summary="See the sanction proposals of a case",
    responses=_USUAL,
)
async def get_ledger(kawal: Here, caller: Who, case_id: CaseIdInPath) -> CaseLedger:
    """Return the sealed entries of a case's ledger, checked as they are read. They propose; a superior imposes."""
    await case_for(kawal, caller, Action.SEE_SANCTIONS, case_id)
    entries = await case_records.ledger(kawal.pool, case_id)
    broken_at = ledger.broken_at(entries)
    return CaseLedger(case_id=case_id, entries=tuple(entries), broken_at=broken_at, head=ledger.head_of(entries))
