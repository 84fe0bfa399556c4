"""The legs of a consignment's way: each begins when the one before is over, the first when the carrier takes it."""

from collections.abc import Mapping
from datetime import datetime

from domain import working_time
from schemas.delivery import DeliveryPlan, LegState


def ahead(plan: DeliveryPlan) -> tuple[LegState, ...]:
    """Return the legs before any of them begins."""
    return tuple(LegState(to=leg.to) for leg in plan.terms.legs)


def begun(plan: DeliveryPlan, at: datetime) -> tuple[LegState, ...]:
    """Return the legs when the carrier takes what goes that way."""
    legs = ahead(plan)
    return arrived(plan, (*(leg.model_copy(update={"begun_at": at}) for leg in legs[:1]), *legs[1:]), {})


def arrived(plan: DeliveryPlan, legs: tuple[LegState, ...], arrivals: Mapping[str, datetime]) -> tuple[LegState, ...]:
    """Return the legs once more is known of when it was at which hub; a leg that it came through in time is not late.

    Where a hub did not scan it, nobody can tell when the next leg began, and so whether it was late.
    """
    found: list[LegState] = []
    begins = legs[0].begun_at if legs else None
    for terms, before in zip(plan.terms.legs, legs, strict=True):
        due = working_time.due(plan.calendar, begins, terms.within) if begins else None
        at = arrivals.get(terms.to)
        late = at > due.at if at and due else before.late
        found.append(LegState(to=terms.to, begun_at=begins, due=due, arrived_at=at, late=late))
        begins = at
    return tuple(found)


def waited_for(legs: tuple[LegState, ...]) -> int | None:
    """Return which leg is to be over next and is not late yet; None: no leg is. What came further has passed them."""
    passed = max((number for number, leg in enumerate(legs, start=1) if leg.arrived_at is not None), default=0)
    found = legs[passed] if passed < len(legs) else None
    return passed if found is not None and found.due is not None and not found.late else None


def overdue(legs: tuple[LegState, ...], number: int) -> tuple[LegState, ...]:
    """Return the legs after the time of one of them has passed."""
    return (*legs[:number], legs[number].model_copy(update={"late": True}), *legs[number + 1 :])
