"""Which rules a service request and a delivery are pinned to, and what a request has to say for its service."""

import re
from collections.abc import Iterator

from domain import working_time
from schemas.calendar import Deadline, Limit, WorkingCalendar
from schemas.delivery import DeliveryPlan, DeliveryPlanReply, DeliveryStart
from schemas.policy import Period, Policy, Service
from schemas.post import Point
from schemas.service_request import RequestIntake, RequestPlan, RequestPlanReply, RequestStart

_PERIODS = {
    Period.MONTH: (r"20[0-9]{2}-(0[1-9]|1[0-2])", "2026-11"),
    Period.QUARTER: (r"20[0-9]{2}-Q[1-4]", "2026-Q4"),
    Period.YEAR: (r"20[0-9]{2}", "2026"),
}
"""In one way each: under another name, the same benefit would be another one."""


def service_of(policy: Policy, code: str) -> Service | None:
    """Return the service with this code; None when the policy has none."""
    return next((service for service in policy.services if service.code == code), None)


def objections(policy: Policy, intake: RequestIntake) -> list[str]:
    """Return what keeps a request from being accepted, each as "field: what is wrong: the mend"."""
    service = service_of(policy, intake.service)
    if service is None:
        known = ", ".join(service.code for service in policy.services) or "none"
        return [f"service: is not one of the policy's: write one of {known}"]
    return [*_about_money(service, intake), *_about_place(policy, intake), *_about_benefit(service, intake)]


def _about_money(service: Service, intake: RequestIntake) -> Iterator[str]:
    fixed = service.payment.amount if service.payment else None
    said_by_request = service.pays_out or (service.payment is not None and fixed is None)
    if said_by_request and intake.amount is None:
        yield f"amount: {service.code} needs one: write the rupiah to be paid{' out' if service.pays_out else ''}"
    if intake.amount is not None and service.at_most is not None and intake.amount > service.at_most:
        yield f"amount: is more than the {service.at_most} rupiah that a request for {service.code} may name"
    if not said_by_request and intake.amount not in (None, fixed):
        yield f"amount: {service.code} costs {fixed or 'nothing'}: leave it out"


def _about_place(policy: Policy, intake: RequestIntake) -> Iterator[str]:
    if intake.region is not None and all(region.code != intake.region for region in policy.regions):
        yield "region: is not one of the policy's: write the code of a region"


def _about_benefit(service: Service, intake: RequestIntake) -> Iterator[str]:
    if not service.once_per_period:
        return
    form, example = _PERIODS[service.periods]
    if intake.period is None or not re.fullmatch(form, intake.period):
        yield f"period: {service.code} is given once in each {service.periods}: name it so: {example}"
    if intake.recipient.national_id is None:
        yield f"recipient.national_id: {service.code} is given to each person once: write the NIK, 16 digits"


def plan_request(policy: Policy, calendar: WorkingCalendar, start: RequestStart) -> RequestPlanReply:
    """Return all rules that a request is pinned to."""
    service = service_of(policy, start.service)
    if service is None:
        return RequestPlanReply(problem=f"service: {start.service} is not one of the policy's")
    fixed = service.payment.amount if service.payment else None
    amount = fixed or start.amount
    if amount is None and (service.pays_out or service.payment is not None):
        return RequestPlanReply(problem=f"amount: {service.code} needs one")
    plan = RequestPlan(
        category=service.category,
        payment=service.payment,
        pays_out=service.pays_out,
        amount=amount if service.pays_out or service.payment is not None else None,
        confirm_within=service.confirm_within,
        prepare_again=service.prepare_again,
        calendar=calendar,
    )
    return RequestPlanReply(plan=plan)


def plan_delivery(
    policy: Policy, calendar: WorkingCalendar, start: DeliveryStart, point: tuple[Point, float] | None
) -> DeliveryPlanReply:
    """Return all rules that a delivery is pinned to.

    Args:
        policy: the rules.
        calendar: the policy's, pinned.
        start: the delivery.
        point: the point that carries it to the door and its distance in kilometres; None: the carrier chooses.
    """
    service = service_of(policy, start.service)
    if service is None:
        return DeliveryPlanReply(problem=f"service: {start.service} is not one of the policy's")
    plan = DeliveryPlan(
        terms=service.delivery,
        handed_to=service.handed_to,
        watch=policy.post.watch,
        calendar=calendar,
        due=_due(policy, calendar, start, service.delivery.within),
        point=point[0].code if point else None,
        point_km=round(point[1]) if point else None,
    )
    return DeliveryPlanReply(plan=plan)


def _due(policy: Policy, calendar: WorkingCalendar, start: DeliveryStart, within: Limit) -> Deadline:
    """Return when it should have arrived: what the service promises, and what the place takes in addition."""
    due = working_time.due(calendar, start.ordered_at, within)
    slow = _slow_place(policy, start.region)
    if slow is None:
        return due
    name, more = slow
    later = working_time.due(calendar, due.at, more)
    return later.model_copy(update={"steps": (*due.steps, f"more for {name}:", *later.steps)})


def _slow_place(policy: Policy, region: str | None) -> tuple[str, Limit] | None:
    """Return the name of the narrowest slow place around a region, and what it adds."""
    slow = {place.region: place.more for place in policy.post.slow_places}
    regions = {known.code: known for known in policy.regions}
    while region is not None and (here := regions.get(region)) is not None:
        if region in slow:
            return here.name, slow[region]
        region = here.parent
    return None
