"""Who is in charge: from category and place to an agency, or to the triage queue with the reason."""

from collections.abc import Iterator

from schemas.calendar import WorkingCalendar
from schemas.case import CasePlan, LevelPlan, TriageReason
from schemas.policy import Category, Policy


def route(policy: Policy, category: str, region: str | None) -> str | TriageReason:
    """Return the code of the agency in charge, or why nobody could be put in charge.

    The narrowest region wins: a route for the village before one for its district, and so on up to "everywhere".
    """
    known = next((c for c in policy.categories if c.code == category), None)
    if known is None:
        return TriageReason.UNKNOWN_CATEGORY
    if region is None and known.place_required:
        return TriageReason.NO_PLACE
    parents = {r.code: r.parent for r in policy.regions}
    if region is not None and region not in parents:
        return TriageReason.UNKNOWN_PLACE
    agencies = {route.region: route.agency for route in policy.routes if route.category == category}
    for place in _outwards(region, parents):
        if place in agencies:
            return agencies[place]
    return TriageReason.NO_OWNER


def _outwards(region: str | None, parents: dict[str, str | None]) -> Iterator[str | None]:
    while region is not None:
        yield region
        region = parents[region]
    yield None


def plan_case(policy: Policy, calendar: WorkingCalendar, category: str, region: str | None) -> CasePlan:
    """Return all rules that a case is pinned to: its agency or triage queue, its ladder and its calendar."""
    found = route(policy, category, region)
    reason = found if isinstance(found, TriageReason) else None
    agency = policy.triage.agency if reason else found
    ladder_code = policy.triage.ladder if reason else _category(policy, category).ladder
    ladder = next(ladder for ladder in policy.ladders if ladder.code == ladder_code)
    return CasePlan(
        policy_version=policy.version,
        agency=agency,
        agency_head=f"{policy.head_role}@{agency}",
        queue=policy.triage.queue if reason else agency,
        triage_reason=reason,
        calendar=calendar,
        levels=tuple(
            LevelPlan(
                title=level.title,
                holder=f"{level.role}@{level.agency or agency}",
                agency=level.agency or agency,
                limit=level.limit,
                warn_share=level.warn_share,
                sanctions=level.sanctions,
            )
            for level in ladder.levels
        ),
    )


def _category(policy: Policy, code: str) -> Category:
    return next(category for category in policy.categories if category.code == code)
