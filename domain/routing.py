"""Who is in charge: from category and place to an agency, or to the triage queue with the reason; and its rules."""

from collections.abc import Iterator

from domain.regions import outwards, parents, referral
from schemas.calendar import WorkingCalendar
from schemas.case import EDITION, CasePlan, LevelPlan, PlanReply, PlanRequest, StatutoryPlan, TriageReason
from schemas.policy import Agency, CaseClass, Category, Ladder, Level, Policy, Service
from schemas.sanctions import Trigger, TriggeredRule


def route(policy: Policy, category: str, region: str | None) -> str | TriageReason:
    """Return the code of the agency in charge, or why nobody could be put in charge.

    The narrowest region wins: a route for the village before one for its district, and so on up to "everywhere". Where
    the government has no authority, no route holds, whatever the complaint is about.
    """
    if referral(policy, region) is not None:
        return TriageReason.OUTSIDE_AUTHORITY
    known = _category(policy, category)
    if known is None:
        return TriageReason.UNKNOWN_CATEGORY
    owned = any(route.category == category for route in policy.routes)
    if known.refer_to is not None and not owned:
        return TriageReason.OUTSIDE_AUTHORITY
    if region is None and known.place_required:
        return TriageReason.NO_PLACE
    within = parents(policy)
    if region is not None and region not in within:
        return TriageReason.UNKNOWN_PLACE
    agencies = {route.region: route.agency for route in policy.routes if route.category == category}
    for place in (*outwards(region, within), None):
        if place in agencies:
            return agencies[place]
    return TriageReason.NO_OWNER


def plan_case(policy: Policy, calendar: WorkingCalendar, request: PlanRequest) -> PlanReply:
    """Return all rules that a case is pinned to: its agency or triage queue, its ladder, its clocks and its calendar.

    A whistle-blowing report bypasses the agency that it accuses: that agency is not put in charge and holds no level.
    """
    if (problem := _unknown(policy, request)) is not None:
        return PlanReply(problem=problem)
    category = _category(policy, request.category)
    accused = request.bypassed or (request.complaint.respondent if category and category.bypasses_respondent else None)
    if accused is not None and request.agency == accused:
        return PlanReply(problem=f"agency: {accused} is the agency that the report accuses: it cannot have the case")
    found = request.agency or _past(accused, category, route(policy, request.category, request.region))
    reason = found if isinstance(found, TriageReason) else None
    agency = _agency(policy, policy.triage.agency if reason else found)
    ladder = _ladder(policy, category, agency, triaged=reason is not None)
    if ladder is None:
        return PlanReply(problem=f"agency: {agency.code} has no ladder in this policy: its cases would climb nothing")
    levels = tuple(level for level in _levels(policy, ladder, agency) if level.agency != accused)
    if not levels:
        return PlanReply(problem=f"respondent: nobody is left on the ladder {ladder.code} once {accused} is bypassed")
    service = _service(policy, request.complaint.service)
    usual_class = service.case_class if service else category.case_class if category else None
    case_class = _class(policy, request.case_class or usual_class)
    plan = CasePlan(
        policy_version=request.complaint.policy_version,
        edition=EDITION,
        agency=agency.code,
        agency_head=f"{policy.head_role}@{agency.code}",
        queue=policy.triage.queue if reason else agency.code,
        triage_reason=reason,
        calendar=calendar,
        levels=_prepared_within(service, levels),
        category=request.category,
        region=request.region,
        case_class=case_class.code if case_class else None,
        statutory=_statutory(case_class),
        handling=policy.handling.model_copy(update={"reopening": None}) if service else policy.handling,
        sanctions=_about_this_case(policy, service),
        reminders=ladder.reminders,
        addressees={addressee.code: addressee.name for addressee in policy.addressees},
        suggested_addressee=referral(policy, request.region) or (category.refer_to if category else None),
        bypassed=accused,
        services=_remedies(policy),
    )
    return PlanReply(plan=plan)


def _service(policy: Policy, code: str | None) -> Service | None:
    return next((service for service in policy.services if service.code == code), None)


def _about_this_case(policy: Policy, service: Service | None) -> tuple[TriggeredRule, ...]:
    """Return the rules about one case. What is prepared needs no evidence: it is handed over, and that is proven."""
    unfit = {Trigger.NO_EVIDENCE} if service else set()
    return tuple(
        rule for rule in policy.sanctions if not rule.trigger.looks_at_many_cases and rule.trigger not in unfit
    )


def _remedies(policy: Policy) -> tuple[str, ...]:
    """Return the services by which a case may have something carried: those in which no money changes hands."""
    return tuple(s.code for s in policy.services if s.payment is None and not s.pays_out and not s.once_per_period)


def _prepared_within(service: Service | None, levels: tuple[LevelPlan, ...]) -> tuple[LevelPlan, ...]:
    """Return the levels of a ladder whose lowest has the time that the service's preparation may take.

    What was prepared is contested at the door, by disputing its receipt: the case is over with the agency's answer.
    """
    if service is None:
        return levels
    return (levels[0].model_copy(update={"limit": service.prepared_within}), *levels[1:])


def _unknown(policy: Policy, request: PlanRequest) -> str | None:
    """Return why a correction cannot be: what the complaint itself says may be unknown, a correction may not."""
    if request.agency is not None and all(agency.code != request.agency for agency in policy.agencies):
        return f"agency: {request.agency} is not one of the policy's"
    if request.category != request.complaint.category and _category(policy, request.category) is None:
        return f"category: {request.category} is not one of the policy's"
    if request.region not in (request.complaint.region, *(region.code for region in policy.regions)):
        return f"region: {request.region} is not one of the policy's"
    if request.case_class is not None and _class(policy, request.case_class) is None:
        return f"case_class: {request.case_class} is not one of the policy's"
    return None


def _past(accused: str | None, category: Category | None, found: str | TriageReason) -> str | TriageReason:
    """Return who is in charge when the usual agency is the accused one."""
    if accused is None or found != accused:
        return found
    return (category.otherwise if category else None) or TriageReason.RESPONDENT


def _category(policy: Policy, code: str) -> Category | None:
    return next((category for category in policy.categories if category.code == code), None)


def _class(policy: Policy, code: str | None) -> CaseClass | None:
    return next((case_class for case_class in policy.classes if case_class.code == code), None)


def _agency(policy: Policy, code: str) -> Agency:
    return next(agency for agency in policy.agencies if agency.code == code)


def _ladder(policy: Policy, category: Category | None, agency: Agency, *, triaged: bool) -> Ladder | None:
    code = policy.triage.ladder if triaged else (category.ladder if category else None) or agency.ladder or "default"
    return next((ladder for ladder in policy.ladders if ladder.code == code), None)


def _levels(policy: Policy, ladder: Ladder, agency: Agency) -> Iterator[LevelPlan]:
    for level in ladder.levels:
        holds = _holding(policy, level, agency)
        yield LevelPlan(
            title=level.title,
            holder=f"{level.role}@{holds.code}",
            agency=holds.code,
            limit=level.limit,
            warn_share=level.warn_share,
            sanctions=level.sanctions,
            deputies=tuple(f"{role}@{holds.code}" for role in level.deputies),
            offer=level.offer,
            around_the_clock=holds.around_the_clock,
        )


def _holding(policy: Policy, level: Level, own: Agency) -> Agency:
    """Return the agency whose role a level is: named, of a kind in the own one's government, or the own one."""
    if level.agency is not None:
        return _agency(policy, level.agency)
    if level.agency_kind is None:
        return own
    kin = (a for a in policy.agencies if a.kind == level.agency_kind and a.government == own.government)
    return next(kin, own)


def _statutory(case_class: CaseClass | None) -> StatutoryPlan | None:
    if case_class is None or not case_class.statutory:
        return None
    return StatutoryPlan(
        limits=case_class.statutory,
        warn_share=case_class.warn_share,
        pauses_for_information=case_class.pauses_for_information,
        basis=case_class.basis,
    )
