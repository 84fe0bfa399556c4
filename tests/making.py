"""Small values that tests are made of."""

from datetime import UTC, date, datetime
from typing import Any

from domain.routing import plan_case
from schemas.calendar import CalendarRules, Hours, OffsetChange, Week, WorkingCalendar, limit
from schemas.case import CasePlan, CaseState, LevelPlan, PlanRequest
from schemas.complaint import Complaint
from schemas.handling import Handling
from schemas.messages import MESSAGES, Acknowledge, Actor, Message, Respond, Role, Withdraw
from schemas.policy import (
    Addressee,
    Agency,
    CaseClass,
    Category,
    Duplicates,
    Ladder,
    Level,
    Offer,
    Policy,
    Region,
    Route,
    SanctionRule,
    Service,
    Subject,
    Triage,
    TriggeredRule,
)
from schemas.post import Carriage, DeliveryTerms, PaymentTerms, Recipient

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ALWAYS_OPEN = Week.model_validate({day: [{"opens": "00:00", "closes": "24:00"}] for day in Week.model_fields})
LEVELS = ("operator", "head-of-division", "head-of-agency", "inspectorate")


def rules(week: Week = ALWAYS_OPEN, **changes: object) -> CalendarRules:
    """Return a calendar of UTC, open at all times unless told otherwise."""
    return CalendarRules.model_validate({"zone": "UTC", "week": week, "valid_to": date(2030, 12, 31)} | changes)


def calendar(week: Week = ALWAYS_OPEN, *, minutes: int = 0, **changes: object) -> WorkingCalendar:
    """Return a pinned calendar whose clocks stand so many minutes ahead of UTC all the time."""
    offset = OffsetChange(since=datetime(2020, 1, 1, tzinfo=UTC), minutes=minutes)
    return WorkingCalendar(**dict(rules(week, **changes)), offsets=(offset,))


def office_week() -> Week:
    """Return Monday to Friday, 08:00-12:00 and 13:00-17:00."""
    hours = (Hours(opens=8 * 60, closes=12 * 60), Hours(opens=13 * 60, closes=17 * 60))
    return Week(monday=hours, tuesday=hours, wednesday=hours, thursday=hours, friday=hours)


def late(role: str) -> SanctionRule:
    """Return what lateness of a role leads to."""
    return SanctionRule(
        rule=f"{role}-late", subject=Subject.HOLDER, sanction="written warning", points=5, basis="PP 94/2021"
    )


def policy(each_level: str = "10 days", *, name: str = "test", levels: int = 4, warn_share: float = 0.75) -> Policy:
    """Return a policy with roads everywhere, schools in the north only, and a category that nobody owns."""
    ladder = Ladder(
        code="default",
        levels=tuple(
            Level(title=role, role=role, limit=limit(each_level), warn_share=warn_share, sanctions=(late(role),))
            for role in LEVELS[:levels]
        ),
    )
    return Policy(
        name=name,
        title="A policy for tests",
        effective_from=date(2020, 1, 1),
        calendar=rules(),
        agencies=(
            Agency(code="ROADS", name="Roads"),
            Agency(code="SCHOOLS", name="Schools"),
            Agency(code="DESK", name="Desk"),
        ),
        regions=(
            Region(code="north", name="North"),
            Region(code="north/hill", name="Hill", parent="north"),
            Region(code="south", name="South"),
        ),
        categories=(
            Category(code="road", name="Roads"),
            Category(code="school", name="Schools"),
            Category(code="orphan", name="Owned by nobody"),
            Category(code="advice", name="Advice", place_required=False),
        ),
        routes=(
            Route(category="road", agency="ROADS"),
            Route(category="school", agency="SCHOOLS", region="north"),
            Route(category="advice", agency="DESK"),
        ),
        ladders=(ladder,),
        triage=Triage(queue="triage", agency="DESK"),
    )


def whole_policy(each_level: str = "10 days", *, name: str = "whole", **handling: object) -> Policy:
    """Return a policy in which everything that can happen to a case may happen."""
    bare = policy(each_level, name=name)
    roles = (
        Level(title="Operator", role="operator", limit=limit(each_level), sanctions=(late("operator"),)),
        Level(
            title="Head of division",
            role="head-of-division",
            limit=limit(each_level),
            deputies=("secretary",),
            sanctions=(late("head-of-division"),),
        ),
        Level(
            title="Head of agency",
            role="head-of-agency",
            limit=limit(each_level),
            sanctions=(late("head-of-agency"),),
            offer=Offer(route="Ombudsman", basis="UU 37/2008"),
        ),
        Level(title="Inspector", role="inspector", agency_kind="inspectorate", limit=limit(each_level)),
    )
    reports = Ladder(
        code="reports",
        levels=(
            Level(title="Officer", role="officer", agency="INSPECTORATE", limit=limit(each_level)),
            Level(title="Secretary", role="secretary", agency="SECRETARIAT", limit=limit(each_level)),
        ),
    )
    ladder = Ladder(code="default", levels=roles, reminders=(limit("7 days"), limit("14 days"), limit("28 days")))
    fields = dict(bare) | {
        "agencies": (
            *(agency.model_copy(update={"government": "north"}) for agency in bare.agencies),
            Agency(code="INSPECTORATE", name="Inspectorate", kind="inspectorate", government="north"),
            Agency(code="SECRETARIAT", name="Secretariat", government="north"),
        ),
        "categories": (
            *(category.model_copy(update={"case_class": "complaint"}) for category in bare.categories),
            Category(code="police", name="Crime", refer_to="POLICE"),
            Category(
                code="report",
                name="Whistle-blowing",
                place_required=False,
                ladder="reports",
                bypasses_respondent=True,
                otherwise="SECRETARIAT",
            ),
        ),
        "routes": (*bare.routes, Route(category="report", agency="INSPECTORATE")),
        "ladders": (ladder, reports),
        "classes": (
            CaseClass(code="complaint", name="Complaint", statutory=(limit("60 days"),), pauses_for_information=True),
            CaseClass(code="field", name="With field check", statutory=(limit("120 days"),)),
        ),
        "addressees": (Addressee(code="POLICE", name="Police"),),
        "sanctions": tuple(TriggeredRule.model_validate(rule) for rule in _TRIGGERED),
        "handling": Handling.model_validate(
            {
                "reopening": "10 days",
                "review": "10 days",
                "most_reopenings": 2,
                "poor_rating": 2,
                "longest_hold": "90 days",
                "longest_extension": "5 days",
                "objection": "14 days",
            }
            | handling
        ),
        "duplicates": Duplicates(),
        "services": SERVICES,
    }
    return Policy.model_validate(fields)


SERVICES = (
    Service(
        code="papers",
        name="Papers",
        category="road",
        prepared_within=limit("3 days"),
        handed_to=Recipient.OWNER,
        case_class="field",
    ),
    Service(
        code="goods", name="Goods", category="school", prepared_within=limit("4 days"), handed_to=Recipient.HOUSEHOLD
    ),
    Service(
        code="tax",
        name="Tax papers",
        category="road",
        prepared_within=limit("3 days"),
        handed_to=Recipient.HOUSEHOLD,
        payment=PaymentTerms(),
    ),
    Service(
        code="cash",
        name="Cash",
        category="road",
        prepared_within=limit("3 days"),
        handed_to=Recipient.OWNER,
        delivery=DeliveryTerms(carriage=Carriage.CASH),
        pays_out=True,
    ),
    Service(
        code="ration",
        name="Ration",
        category="road",
        prepared_within=limit("3 days"),
        handed_to=Recipient.OWNER,
        once_per_period=True,
    ),
)
"""Two that a case may have carried as its remedy, and three in which money or a benefit of a period is at stake."""


_TRIGGERED: tuple[dict[str, object], ...] = (
    {
        "rule": "statutory-late",
        "trigger": "statutory deadline passed",
        "subject": "agency head",
        "sanction": "written warning",
        "points": 10,
        "basis": "UU 25/2009 art 54(2)",
    },
    {
        "rule": "not-cured",
        "trigger": "not cured",
        "cures": "statutory-late",
        "after": "90 days",
        "subject": "agency head",
        "sanction": "release from post",
        "basis": "UU 25/2009 art 54(2)",
    },
    {
        "rule": "no-evidence",
        "trigger": "answered without evidence",
        "subject": "operator",
        "sanction": "referral to the inspectorate",
        "basis": "PP 94/2021",
    },
    {
        "rule": "false-answer",
        "trigger": "answer found false",
        "subject": "operator",
        "sanction": "referral to the inspectorate",
        "points": 5,
        "basis": "PP 94/2021",
    },
    {
        "rule": "ping-pong",
        "trigger": "transferred too often",
        "subject": "operator",
        "sanction": "reminder",
        "points": 1,
        "basis": "internal",
    },
    {
        "rule": "late-twice",
        "trigger": "late again",
        "times": 2,
        "within": "30 days",
        "subject": "holder",
        "sanction": "written warning",
        "points": 5,
        "basis": "PP 94/2021",
    },
    {
        "rule": "low-share",
        "trigger": "low share on time",
        "share": 0.8,
        "at_least": 5,
        "subject": "agency",
        "sanction": "allowance deduction",
        "basis": "internal",
    },
)


def plan_of(whole: Policy, **changes: Any) -> CasePlan:
    """Return the plan of a case of `complaint(**changes)` under a policy."""
    about = complaint(**({"policy_version": whole.version} | changes))
    return plan_for(whole, PlanRequest(complaint=about, category=about.category, region=about.region))


def plan_for(whole: Policy, request: PlanRequest) -> CasePlan:
    """Return the plan that is asked for; it must be one that there can be."""
    found = plan_case(whole, calendar(whole.calendar.week), request).plan
    assert found is not None
    return found


def complaint(case_id: str = "case-1", **changes: Any) -> Complaint:
    """Return a complaint about a road in the north, accepted at noon."""
    fields: dict[str, object] = {
        "case_id": case_id,
        "channel": "counter",
        "category": "road",
        "region": "north",
        "accepted_at": NOON,
        "policy_version": "test",
    }
    return Complaint.model_validate(fields | changes)


def plan(each_level: str = "10 days", *, levels: int = 4, sanctions: bool = True) -> CasePlan:
    """Return the plan of a road case under an always open calendar."""
    return CasePlan(
        policy_version="test",
        agency="ROADS",
        agency_head="head-of-agency@ROADS",
        queue="ROADS",
        calendar=calendar(),
        levels=tuple(
            LevelPlan(
                title=role,
                holder=f"{role}@ROADS",
                agency="ROADS",
                limit=limit(each_level),
                warn_share=0.75,
                sanctions=(late(role),) if sanctions else (),
            )
            for role in LEVELS[:levels]
        ),
    )


def routed(**changes: Any) -> CaseState:
    """Return a case that is routed and about to open."""
    return CaseState(complaint=complaint(**changes), plan=plan())


def operator(agency: str | None = None) -> Actor:
    """Return an operator, of an agency if one is given."""
    return Actor(id="operator-7", agency=agency)


def superior(agency: str | None = None) -> Actor:
    """Return a superior."""
    return Actor(id="superior-2", role=Role.SUPERIOR, agency=agency)


def reporter() -> Actor:
    """Return the reporter."""
    return Actor(id="reporter-9", role=Role.REPORTER)


def system() -> Actor:
    """Return a system."""
    return Actor(id="system", role=Role.SYSTEM)


_SENDERS = {
    **dict.fromkeys(("provide", "appeal", "withdraw", "reopen", "rate"), reporter),
    **dict.fromkeys(("extend", "disprove"), superior),
    **dict.fromkeys(("recalculate", "carried"), system),
}


def message(kind: str, message_id: str | None = None, **fields: Any) -> Message:
    """Return a message from whoever may send it: `message("ask")`, `message("transfer", agency="SCHOOLS", ...)`."""
    said = {"message_id": message_id or f"{kind}-1", "actor": _SENDERS.get(kind, operator)()}
    return MESSAGES[kind].model_validate(said | fields)


def respond(message_id: str = "answer-1", *, agency: str | None = None, accepted_at: datetime | None = None) -> Respond:
    """Return an operator's answer."""
    return Respond(message_id=message_id, actor=operator(agency), accepted_at=accepted_at)


def acknowledge(message_id: str = "ack-1") -> Acknowledge:
    """Return an operator's acknowledgement."""
    return Acknowledge(message_id=message_id, actor=operator())


def withdraw(message_id: str = "back-1") -> Withdraw:
    """Return a reporter's withdrawal."""
    return Withdraw(message_id=message_id, actor=Actor(id="reporter-9", role=Role.REPORTER))
