"""What happened to a case, as callers are told it: no text, and nobody's account who is not theirs to know."""

from enum import StrEnum

from pydantic import Field

from gateway.api.case_shown import outside
from schemas.access import Caller
from schemas.base import Code, Model, UtcDatetime
from schemas.case import EFFECTS, ENGINE, TransitionKind
from schemas.status import Status
from storage.case_lines import Line


class Side(StrEnum):
    """Whose doing something was."""

    ENGINE = "engine"
    REPORTER = "reporter"
    """Or a system on the reporter's behalf."""
    AGENCY = "agency"
    SUPERIOR = "superior"
    SYSTEM = "system"
    UNTOLD = "untold"
    """Either side may have done it, or tried to."""


class By(Model):
    """Whose doing something was."""

    role: Side
    agency: Code | None = Field(default=None, description="that had the case then; none while several had it")
    account: str | None = Field(default=None, description="of somebody in an agency; not for reporters")


class Item(Model):
    """One thing that happened to a case."""

    seq: int = Field(description="1, 2, 3 ... within the case")
    kind: TransitionKind
    at: UtcDatetime
    actor: By
    status: Status = Field(description="afterwards")
    level: int
    due_at: UtcDatetime | None = Field(description="of the present level, afterwards")
    detail: dict[str, str] = Field(description="codes, offices and moments; what there is depends on the kind")


_SIDES = {
    **dict.fromkeys(("provide", "appeal", "withdraw", "reopen", "rate"), Side.REPORTER),
    **dict.fromkeys(("extend", "disprove"), Side.SUPERIOR),
    **dict.fromkeys(("recalculate", "carried"), Side.SYSTEM),
    "unmerge": Side.UNTOLD,
}
_OF_KIND = {TransitionKind.PART_ANSWERED: Side.AGENCY, TransitionKind.REFUSED: Side.UNTOLD} | {
    kind: _SIDES.get(message, Side.AGENCY) for message, kind in EFFECTS.items()
}

_FOR_EVERYBODY = frozenset(
    {
        *("channel", "queue", "agency", "agencies", "class", "to", "from", "holder", "reason", "name", "addressee"),
        *("clock", "by", "due", "statutory due", "was_due", "on_time", "route", "basis", "policy"),
        *("into", "score", "service", "delivery", "outcome", "region"),
    }
)
"""What of a transition's detail a reporter is told, too: no rules of sanctions, no other people's cases."""

_FOR_NOBODY = frozenset({"possible_duplicates"})
"""The case itself names them, but for those that are secret."""


def item(line: Line, caller: Caller) -> Item:
    """Return something that happened as a caller is told it."""
    return Item(
        seq=line.seq,
        kind=line.kind,
        at=line.at,
        actor=_by(line, caller),
        status=line.status,
        level=line.level,
        due_at=line.due_at,
        detail=_detail(line, caller),
    )


def _by(line: Line, caller: Caller) -> By:
    side = Side.ENGINE if line.actor == ENGINE else _OF_KIND.get(line.kind, Side.UNTOLD)
    if side not in (Side.AGENCY, Side.SUPERIOR):
        return By(role=side)
    return By(role=side, agency=_agency(line, side), account=None if outside(caller) else line.actor)


def _agency(line: Line, side: Side) -> str | None:
    if line.kind is TransitionKind.PART_ANSWERED:
        return line.detail.get("agency")
    return None if side is Side.SUPERIOR or line.was is Status.COORDINATING else line.agency


def _detail(line: Line, caller: Caller) -> dict[str, str]:
    if not outside(caller):
        return {name: said for name, said in line.detail.items() if name not in _FOR_NOBODY}
    if line.kind is TransitionKind.REFUSED:  # its reason may name whoever was faster
        return {}
    return {name: said for name, said in line.detail.items() if name in _FOR_EVERYBODY}
