"""Scripts of a case's life: what is said to it and how much time passes, under policies that differ where it matters.

A script is plain data: it prints as what it takes to play it again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from domain.lifecycle import MessageReceived, Opened, TimeReached, decide_all, next_moment
from domain.passing_on import needed_plans
from domain.refusal import taken_now
from domain.routing import plan_case
from schemas.calendar import WorkingCalendar, limit
from schemas.case import CasePlan, CaseState, PlanReply, PlanRequest
from schemas.complaint import Complaint
from schemas.messages import MESSAGES, Actor, Message, Role
from schemas.policy import CaseClass, Policy
from storage.time_zone import pin_calendar
from tests import making

HOLIDAYS = {date(2026, 12, 25): "Christmas", date(2027, 1, 1): "New Year", date(2026, 12, 9): "Election"}


def _policy(
    name: str, each_level: str, *, statutory: str = "60 days", office: bool = False, **handling: object
) -> Policy:
    whole = making.whole_policy(each_level, name=name, **handling)
    week = making.office_week() if office else making.ALWAYS_OPEN
    classes = (
        CaseClass(code="complaint", name="Complaint", statutory=(limit(statutory),), pauses_for_information=True),
        CaseClass(code="field", name="With field check", statutory=(limit("120 days"),)),
        CaseClass(code="either", name="Whichever is earlier", statutory=(limit("40 days"), limit("50 working days"))),
        CaseClass(code="lawless", name="Without a deadline of the law"),
    )
    changes = {"calendar": making.rules(week, holidays=HOLIDAYS if office else {}), "classes": classes}
    return Policy.model_validate(dict(whole) | changes)


POLICIES: Mapping[str, Policy] = {
    policy.name: policy
    for policy in (
        _policy("days", "10 days"),
        _policy(
            "hours", "30 hours", statutory="9 days", after_transfer="continued clock", after_reopening="same level"
        ),
        _policy(
            "office",
            "5 working days",
            statutory="20 working days",
            office=True,
            reopening="5 working days",
            longest_extension="3 working days",
            longest_hold="10 working days",
            after_reopening="next level",
        ),
        _policy(
            "office-hours",
            "20 working hours",
            statutory="30 days",
            office=True,
            after_transfer="continued clock",
            longest_statutory_extension="10 days",
            most_extensions=2,
            most_holds=2,
        ),
        _policy("strict", "10 days", evidence_required=True, most_questions=1, most_transfers=1, reopening="30 days"),
        _policy("windowless", "10 days", reopening=None, review=None, poor_rating=None, longest_hold=None),
        _policy("lenient", "15 days", statutory="10 days", reopening="60 days", review="60 days", most_reopenings=5),
    )
}
"""By their names. Limits are elapsed or working time; windows are long, short or missing; bounds are tight or wide."""

COMPLAINTS: Mapping[str, Mapping[str, Any]] = {
    "road": {},
    "school": {"category": "school"},
    "nowhere": {"region": None},
    "orphan": {"category": "orphan"},
    "police": {"category": "police"},
    "report": {"category": "report", "region": None, "respondent": "ROADS"},
    "papers": {"service": "papers"},
}
"""What a complaint is about: owned by an agency, in triage for one reason or another, whistle-blowing, or a service."""

SENDERS: Mapping[str, Actor] = {
    "reporter": making.reporter(),
    "operator": making.operator(),
    "roads": making.operator("ROADS"),
    "schools": making.operator("SCHOOLS"),
    "superior": making.superior(),
    "chief of roads": making.superior("ROADS"),
    "system": Actor(id="bridge", role=Role.SYSTEM),
}

OTHER_CALENDARS: Mapping[str, WorkingCalendar] = {
    "closed for a month": pin_calendar(
        making.rules(
            making.office_week(),
            holidays={date(2026, 12, day): "Emergency" for day in range(1, 32)},
        ),
        making.NOON,
    ),
    "open at all times": pin_calendar(making.rules(), making.NOON),
}


@dataclass(frozen=True)
class Says:
    """Somebody sends a message. The number tells messages of one kind apart: the same one again is a repeat."""

    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    number: int = 1
    sender: str | None = None
    """None: whoever may."""
    ago: timedelta = timedelta()
    """How long before its delivery the message was accepted."""
    signal: bool = False

    def message(self, now: datetime) -> Message:
        """Return the message as it is delivered now."""
        said = dict(self.fields) | ({"actor": SENDERS[self.sender]} if self.sender else {})
        if "calendar" in said:
            said["calendar"] = OTHER_CALENDARS[said["calendar"]]
        return making.message(self.kind, f"{self.kind}-{self.number}", accepted_at=now - self.ago, **said)


@dataclass(frozen=True)
class Mumbles:
    """Something arrives that is no message."""

    name: str


@dataclass(frozen=True)
class Passes:
    """Time passes."""

    time: timedelta


Step = Says | Mumbles | Passes


@dataclass(frozen=True)
class Script:
    """A life to be played: which policy, which complaint, and what happens."""

    policy: str
    complaint: str
    steps: tuple[Step, ...]


# ---- What may be said ----------------------------------------------------------------------------------------------

_AGENCIES = ("ROADS", "SCHOOLS", "DESK", "INSPECTORATE", "NOBODY")
_REASON = st.just("for-a-reason")
_LIMITS = st.sampled_from(["1 hour", "3 days", "5 days", "3 working days", "80 days", "100 days"])

_FIELDS: Mapping[str, Mapping[str, SearchStrategy[Any]]] = {
    "respond": {"evidence": st.sampled_from([(), ("photo-1",), ("photo-2", "photo-3")])},
    "transfer": {"agency": st.sampled_from(_AGENCIES), "reason": _REASON},
    "coordinate": {
        "agencies": st.lists(st.sampled_from(_AGENCIES[:4]), min_size=1, max_size=3).map(tuple),
    },
    "refer": {"addressee": st.sampled_from(["POLICE", "POLICE", "NOBODY"])},
    "reject": {"reason": _REASON},
    "merge": {"into": st.sampled_from(["case-2", "case-3", "case-1"])},
    "rate": {"score": st.integers(1, 5)},
    "pause": {"limit": _LIMITS, "reason": _REASON},
    "extend": {"clock": st.sampled_from(["level", "level", "statutory"]), "by": _LIMITS, "reason": _REASON},
    "recalculate": {
        "policy_version": st.just("decree"),
        "calendar": st.sampled_from(sorted(OTHER_CALENDARS)),
        "basis": st.just("Decree 7"),
    },
    "deliver": {"service": st.sampled_from(["papers", "goods", "cash"]), "recipient": st.just("recipient-1")},
    "carried": {
        "delivery": st.sampled_from(["case-1-d1", "case-1-d1", "case-1-d2", "case-2-d1"]),
        "outcome": st.sampled_from(["delivered", "returned", "on the way"]),
    },
}
_OPTIONAL: Mapping[str, Mapping[str, SearchStrategy[Any]]] = {
    "verify": {
        "category": st.sampled_from(["road", "school", "orphan", "nonsense"]),
        "region": st.sampled_from(["north", "south"]),
        "case_class": st.sampled_from(["complaint", "field", "field", "either", "lawless", "nonsense"]),
        "agency": st.sampled_from(_AGENCIES),
    },
    "transfer": {"category": st.sampled_from(["road", "school"])},
    "deliver": {"region": st.sampled_from(["north", "south"])},
}


def fields_of(kind: str) -> SearchStrategy[dict[str, Any]]:
    """Return what a message of a kind may say."""
    return st.fixed_dictionaries(dict(_FIELDS.get(kind, {})), optional=dict(_OPTIONAL.get(kind, {})))


def sayings(kinds: Iterable[str] = MESSAGES, **others: SearchStrategy[Any]) -> SearchStrategy[Says]:
    """Return messages of any kind, mostly from whoever may send them."""
    senders = st.one_of(st.none(), st.none(), st.none(), st.sampled_from(sorted(SENDERS)))
    drawn = {"sender": senders, "number": st.integers(1, 4)} | others
    return st.sampled_from(sorted(kinds)).flatmap(
        lambda kind: st.builds(Says, kind=st.just(kind), fields=fields_of(kind), **drawn)
    )


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """Return a life of a few weeks or months; most of what is said is what the case takes just then."""
    name, about = draw(st.sampled_from(sorted(POLICIES))), draw(st.sampled_from(["road", "road", *sorted(COMPLAINTS)]))
    policy, complaint = POLICIES[name], complaint_of(POLICIES[name], about)
    state, _ = decide_all(CaseState(complaint=complaint, plan=planned(policy, complaint)), [Opened(making.NOON)])
    now, steps = making.NOON, list[Step]()
    while len(steps) < 14 and not state.over:
        step = draw(_step(state))
        steps.append(step)
        if isinstance(step, Passes):
            state, now = awake(state, now + step.time), now + step.time
        elif isinstance(step, Says):
            state, _ = decide_all(state, [received(policy, state, step.message(now), now)])
    return Script(name, about, (*steps, draw(_STEPS_AT_THE_END)))


_AGO = st.sampled_from([timedelta(), timedelta(), timedelta(), timedelta(hours=30), timedelta(days=6)])
_PASSING = st.builds(
    # At odd minutes, so that nothing that is said falls upon a deadline: which came first would be a matter of latency.
    lambda hours: Passes(timedelta(hours=hours, minutes=7)),
    st.one_of(st.integers(0, 72), st.integers(24, 24 * 20)),
)
_MUMBLED = st.builds(Mumbles, st.sampled_from(["respond", "sing"]))
_STEPS_AT_THE_END = st.builds(Passes, st.just(timedelta(days=21, minutes=7)))


def _step(state: CaseState) -> SearchStrategy[Step]:
    ways: Any = {"ago": _AGO, "signal": st.booleans()}
    lasting = [kind for kind in taken_now(state) if kind not in ("withdraw", "rate", "disprove", "recalculate", "note")]
    fitting = sayings(lasting or taken_now(state), sender=_who_fits(state), **ways)
    return st.one_of(_PASSING, _PASSING, fitting, fitting, fitting, sayings(**ways), _MUMBLED)


def _who_fits(state: CaseState) -> SearchStrategy[str | None]:
    waiting = [part.agency for part in state.parts if part.answered_at is None]
    known = [name for name, actor in SENDERS.items() if actor.agency in waiting and actor.agency]
    return st.sampled_from([None, *known])


def awake(state: CaseState, end: datetime) -> CaseState:
    """Return the state of a case that nobody said anything to, with the engine awake all along."""
    while (moment := next_moment(state)) is not None and moment <= end:
        state, _ = decide_all(state, [TimeReached(moment)])
    return state


# ---- What the database knows ---------------------------------------------------------------------------------------


def complaint_of(policy: Policy, about: str, **changes: Any) -> Complaint:
    """Return a complaint under a policy."""
    return making.complaint(**({"policy_version": policy.version} | dict(COMPLAINTS[about]) | changes))


def planned(policy: Policy, complaint: Complaint) -> CasePlan:
    """Return the plan that a complaint's case opens with."""
    request = PlanRequest(complaint=complaint, category=complaint.category, region=complaint.region)
    found = replanned(policy, request).plan
    assert found is not None
    return found


def replanned(policy: Policy, request: PlanRequest) -> PlanReply:
    """Return the plan that a case asks for, as the database's policy has it."""
    return plan_case(policy, pin_calendar(policy.calendar, request.complaint.accepted_at), request)


def received(policy: Policy, state: CaseState, message: Message, at: datetime) -> MessageReceived:
    """Return a message with the plans that it needs, or with why there are none."""
    plans = list[CasePlan]()
    for request in needed_plans(state, message):
        reply = replanned(policy, request)
        if reply.plan is None:
            return MessageReceived(at, message, tuple(plans), problem=reply.problem)
        plans.append(reply.plan)
    return MessageReceived(at, message, tuple(plans))
