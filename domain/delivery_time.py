"""What happens to a delivery by time alone, and when."""

from collections.abc import Callable
from datetime import datetime

from domain import delivery_legs
from domain.delivery_draft import Draft
from domain.delivery_told import HANDED_OVER
from schemas.delivery import DeliveryStanding, DeliveryState, DeliveryStatus
from schemas.delivery import DeliveryTransitionKind as Kind


def upcoming(state: DeliveryState) -> list[tuple[datetime, Kind]]:
    """Return what happens by time alone, and when; asking the carrier is called `SILENT`, as its answer may be."""
    now, plan = state.now, state.plan
    if state.over or plan is None:
        return []
    found = [(now.ask_at, Kind.SILENT)]
    if not now.overdue and now.status not in HANDED_OVER | {DeliveryStatus.DELIVERED}:
        found.append((plan.due.at, Kind.OVERDUE))
    if (leg := _leg_under_way(now)) is not None and (due := now.legs[leg].due) is not None:
        found.append((due.at, Kind.LEG_OVERDUE))
    return [(moment, kind) for moment, kind in found if moment is not None]


def _leg_under_way(now: DeliveryStanding) -> int | None:
    return delivery_legs.waited_for(now.legs) if now.status is DeliveryStatus.ON_THE_WAY else None


def let_time_pass(draft: Draft, until: datetime) -> None:
    """Let happen what is due. Asking the carrier is no transition: what comes of it is."""
    while due := sorted((moment, kind) for moment, kind in upcoming(draft.state) if moment <= until and kind in _DUE):
        _DUE[due[0][1]](draft, until)


def _overdue(draft: Draft, at: datetime) -> None:
    draft.add(Kind.OVERDUE, at, overdue=True)


def _leg_overdue(draft: Draft, at: datetime) -> None:
    number = _leg_under_way(draft.now)
    assert number is not None
    legs = delivery_legs.overdue(draft.now.legs, number)
    draft.add(Kind.LEG_OVERDUE, at, detail={"to": legs[number].to}, legs=legs)


_DUE: dict[Kind, Callable[[Draft, datetime], None]] = {
    Kind.OVERDUE: _overdue,
    Kind.LEG_OVERDUE: _leg_overdue,
}
