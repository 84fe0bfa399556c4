"""The registers of agencies: what was proposed about whom, objecting to it, deciding about it, and points."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query
from pydantic import Field

from domain.access import relation_to_agency, relation_to_office, relation_to_proposal
from domain.register_chain import broken_at
from gateway.api import cursors
from gateway.api.guard import Who, case_for, check
from gateway.api.keys import KEYED, Key, claimed, id_for
from gateway.api.patience import receipt
from gateway.api.problems import RESPONSES, ProblemError, missing
from gateway.kawal import Here, Kawal
from schemas.access import Action, Caller, CallerRole, Relation
from schemas.base import CaseId, Code, Model, Prose
from schemas.messages import Actor, Office, Reason, Role
from schemas.scorecard import Decide, Object, Outcome, RegisterEntry, RegisterMessage, RegisterReceipt
from storage import register_pages, scorecards
from storage.register_pages import PointsLine, Position, Wanted

router = APIRouter(prefix="/v1/sanctions", tags=["sanctions"])

_SEEN: dict[int | str, dict[str, Any]] = {status: RESPONSES[status] for status in (401, 403, 404, 422, 503)}
_SAID: dict[int | str, dict[str, Any]] = {
    status: RESPONSES[status] for status in (400, 401, 403, 404, 409, 422, 503, 504)
}

Agency = Annotated[Code, Path(description="whose register it is", examples=["BMBK"])]
Number = Annotated[int, Path(ge=1, le=2_000_000_000, description="of the proposal, in the register")]


class Register(Model):
    """One page of what stands in registers. Nothing in them is imposed: superiors decide about proposals."""

    entries: tuple[RegisterEntry, ...] = Field(description="by agency and number")
    chain_holds: bool | None = Field(
        default=None, description="whether nothing in an agency's whole register was changed; if `check` asks for it"
    )
    next: str | None = Field(description="the cursor of the next page; none: this is the last")


class Objection(Model):
    """What somebody says against a proposal."""

    reason: Reason = Field(description="why, as a short code", examples=["was-ill"])
    office: Office | None = Field(default=None, description="that you speak as; none: the one that suits")
    text: Prose | None = Field(default=None, description="the reasoning; kept in the database alone")


class Decision(Model):
    """What a superior decides about a proposal."""

    outcome: Outcome
    reason: Reason = Field(description="why, as a short code", examples=["was-ill"])
    office: Office | None = Field(default=None, description="that you decide as; none: the one that suits")
    text: Prose | None = Field(default=None, description="the reasoning; kept in the database alone")


_OBJECTED = {
    "ill": {"summary": "It was nobody's fault", "value": {"reason": "was-ill", "text": "In hospital that week."}}
}
_DECIDED = {
    "annulled": {"summary": "It does not stand", "value": {"outcome": "annulled", "reason": "was-ill"}},
    "upheld": {"summary": "It stands", "value": {"outcome": "upheld", "reason": "no-excuse"}},
}


@router.get("", operation_id="listSanctions", summary="What stands in registers", responses=_SEEN)
async def list_entries(
    *,
    kawal: Here,
    caller: Who,
    agency: Annotated[Code | None, Query(description="of this agency's register", examples=["BMBK"])] = None,
    subject: Annotated[
        Code | None, Query(description="about this role@agency, or agency", examples=["operator@BMBK"])
    ] = None,
    case: Annotated[CaseId | None, Query(description="what this case led to")] = None,
    whole: Annotated[bool, Query(alias="check", description="also check the agency's whole chain")] = False,
    cursor: cursors.Cursor = None,
    limit: cursors.Limit = 50,
) -> Register:
    """Return proposals, objections, decisions and months, of all that the filters leave.

    People of agencies see their own agency's register, and without a filter that one. What comes from a report that
    accuses an agency is not shown to its people, and the numbers of what they see have gaps there.
    """
    if agency is None and subject is None and case is None and caller.role is not CallerRole.AUDITOR:
        agency = caller.agency
    await _checked(kawal, caller, agency, subject, case)
    start = cursors.read(Position, cursor)
    wanted = Wanted(agency=agency, subject=subject, case_id=case)
    found = await register_pages.page(kawal.pool, wanted, hidden_from=caller.agency, after=start, limit=limit + 1)
    shown = found[:limit]
    last = Position(agency=shown[-1].agency, number=shown[-1].number) if len(found) > limit else None
    holds = broken_at(await scorecards.register(kawal.pool, agency=agency)) is None if whole and agency else None
    return Register(entries=tuple(shown), chain_holds=holds, next=cursors.written(last) if last else None)


async def _checked(kawal: Kawal, caller: Caller, agency: str | None, subject: str | None, case: str | None) -> None:
    """Let a caller read what every one of the filters leaves, or raise `ProblemError` 403 or 404."""
    if agency is None and subject is None and case is None:
        check(caller, Action.SEE_SANCTIONS, Relation.OTHER, "register")
    if agency is not None:
        check(caller, Action.SEE_SANCTIONS, relation_to_agency(caller, agency), "register")
    if subject is not None:
        relation = relation_to_office(caller, subject) if "@" in subject else relation_to_agency(caller, subject)
        check(caller, Action.SEE_SANCTIONS, relation, "register")
    if case is not None:
        await case_for(kawal, caller, Action.SEE_SANCTIONS, case)


@router.get("/points", operation_id="listPoints", summary="Points of proposals that stand", responses=_SEEN)
async def list_points(
    kawal: Here,
    caller: Who,
    agency: Annotated[Code | None, Query(description="of this agency's register", examples=["BMBK"])] = None,
    period: Annotated[
        Code | None, Query(description="as the policy adds points up", examples=["2026-11", "2026-Q4", "2026"])
    ] = None,
) -> list[PointsLine]:
    """Return points by subject and period, the latest period first, and in it the most points.

    What comes from a report that accuses an agency is not counted for its people.
    """
    if agency is None and caller.role is not CallerRole.AUDITOR:
        agency = caller.agency
    await _checked(kawal, caller, agency, None, None)
    return await register_pages.points(kawal.pool, agency, period, hidden_from=caller.agency)


@router.get("/{agency}/{number}", operation_id="getSanction", summary="One entry of a register", responses=_SEEN)
async def read_entry(kawal: Here, caller: Who, agency: Agency, number: Number) -> RegisterEntry:
    """Return an entry: to the agency's people, to whom it is about, and to whoever may decide about it."""
    return await _entry(kawal, caller, agency, number, Action.SEE_SANCTIONS)


@router.post(
    "/{agency}/{number}/objections",
    operation_id="objectToSanction",
    summary="Object to a proposal",
    status_code=201,
    responses=_SAID,
    openapi_extra=KEYED,
)
async def object_(
    *,
    kawal: Here,
    caller: Who,
    key: Key,
    agency: Agency,
    number: Number,
    given: Annotated[Objection, Body(openapi_examples=_OBJECTED)],
) -> RegisterReceipt:
    """Object to a proposal about yourself, or about the agency that you work for, while there is time for it."""
    entry = await _entry(kawal, caller, agency, number, Action.OBJECT)
    message = Object(
        message_id=id_for(kawal.pool, caller, key),
        actor=_actor(caller, given.office, entry.subject),
        entry=number,
        reason=given.reason,
    )
    return await _sent(kawal, caller, key, agency, message, text=given.text)


@router.post(
    "/{agency}/{number}/decisions",
    operation_id="decideSanction",
    summary="Decide about a proposal",
    status_code=201,
    responses=_SAID,
    openapi_extra=KEYED,
)
async def decide(
    *,
    kawal: Here,
    caller: Who,
    key: Key,
    agency: Agency,
    number: Number,
    given: Annotated[Decision, Body(openapi_examples=_DECIDED)],
) -> RegisterReceipt:
    """Uphold or annul a proposal, as one of the superiors who decide about it."""
    entry = await _entry(kawal, caller, agency, number, Action.DECIDE)
    message = Decide(
        message_id=id_for(kawal.pool, caller, key),
        actor=_actor(caller, given.office, *(entry.deciders or ())),
        entry=number,
        reason=given.reason,
        outcome=given.outcome,
    )
    return await _sent(kawal, caller, key, agency, message, text=given.text)


async def _entry(kawal: Kawal, caller: Caller, agency: str, number: int, action: Action) -> RegisterEntry:
    """Return an entry for a caller who may do this with it, or raise `ProblemError` 403 or 404."""
    entry = await register_pages.entry(kawal.pool, agency, number, hidden_from=caller.agency)
    if entry is None:
        if relation_to_agency(caller, agency) is Relation.OTHER:
            check(caller, action, Relation.OTHER, "entry")
        raise missing("entry")  # as well to those who may not do this: else they could tell what is hidden from them
    check(caller, action, relation_to_proposal(caller, entry), "entry")
    return entry


def _actor(caller: Caller, office: str | None, *suits: str | None) -> Actor:
    """Return a caller as the sender of a message, in the office that was named or else suits it."""
    if office is not None and office not in caller.offices:
        raise ProblemError(403, "office: is none that you hold")
    held = [held for held in caller.offices if held in suits] or list(caller.offices)
    chosen = office or next(iter(held), None)
    return Actor(id=caller.id, role=Role(caller.role), agency=caller.agency, office=chosen)


async def _sent(
    kawal: Kawal, caller: Caller, key: str, agency: str, message: RegisterMessage, *, text: str | None
) -> RegisterReceipt:
    asked = {"route": f"{message.kind} {agency}", "body": message.model_dump(mode="json"), "text": text}
    async with claimed(kawal.pool, caller, key, asked, message.message_id):
        return await receipt(kawal.registers.send(agency, message, text=text))
