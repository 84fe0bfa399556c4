"""Small values that tests are made of."""

from datetime import UTC, date, datetime
from typing import Any

from schemas.calendar import CalendarRules, Hours, OffsetChange, Week, WorkingCalendar, limit
from schemas.case import CasePlan, CaseState, LevelPlan
from schemas.complaint import Complaint
from schemas.messages import Acknowledge, Actor, Respond, Role, Withdraw
from schemas.policy import (
    Agency,
    Category,
    Ladder,
    Level,
    Policy,
    Region,
    Route,
    SanctionRule,
    Subject,
    Triage,
)

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


def respond(message_id: str = "answer-1", *, agency: str | None = None, accepted_at: datetime | None = None) -> Respond:
    """Return an operator's answer."""
    return Respond(message_id=message_id, actor=operator(agency), accepted_at=accepted_at)


def acknowledge(message_id: str = "ack-1") -> Acknowledge:
    """Return an operator's acknowledgement."""
    return Acknowledge(message_id=message_id, actor=operator())


def withdraw(message_id: str = "back-1") -> Withdraw:
    """Return a reporter's withdrawal."""
    return Withdraw(message_id=message_id, actor=Actor(id="reporter-9", role=Role.REPORTER))
