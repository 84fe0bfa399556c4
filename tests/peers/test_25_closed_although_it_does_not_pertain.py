"""A complaint was closed with the words that it does not pertain to the office (CPGRAMS, India, forbids just that).

What lies outside the authority is passed on to another agency, or referred to an addressee who has a name; a rejection
has a reason and can be appealed. No message takes a case from anywhere to a bare end.
"""

import copy
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.lifecycle import TimeReached, next_moment
from domain.view import view
from gateway.refusals import RefusedError
from schemas.case import TransitionKind, TriageReason
from schemas.messages import MESSAGES, Actor, Refer, Reject, Role
from schemas.policy import Policy
from schemas.status import SETTLED, Status
from tests import making
from tests.kawal import Kawal
from tests.life import Life
from tests.peers.following import DAY, says
from tests.policies.packs import jakarta, lampung

Step = tuple[str, dict[str, Any]]
FIELDS: dict[str, list[dict[str, Any]]] = {
    "verify": [{}, {"agency": "SCHOOLS"}, {"category": "road"}, {"category": "police"}],
    "respond": [{"evidence": ("photo-1",)}, {}, {"actor": making.operator("ROADS")}],
    "transfer": [{"agency": "SCHOOLS", "reason": "wrong-agency"}, {"agency": "ROADS", "reason": "wrong-agency"}],
    "coordinate": [{"agencies": ("ROADS", "SCHOOLS")}],
    "refer": [{"addressee": "POLICE"}, {"addressee": "NOBODY"}],
    "reject": [{"reason": "outside-authority"}],
    "merge": [{"into": "case-2"}],
    "rate": [{"score": 1}, {"score": 5}],
    "pause": [{"limit": "9 days", "reason": "waits-for-court"}],
    "extend": [{"by": "1 day", "reason": "parts-ordered"}],
    "recalculate": [{"policy_version": "v2", "calendar": making.calendar(), "basis": "Decree 1"}],
    "deliver": [{"service": "papers", "recipient": "recipient-1"}],
    "carried": [{"delivery": "case-1-d1", "outcome": "delivered"}],
}
SYSTEM = {"actor": Actor(id="bridge", role=Role.SYSTEM)}
TIME: Step = ("time", {})
STEPS: list[Step] = [
    TIME,
    *((kind, fields | sender) for kind in MESSAGES for fields in FIELDS.get(kind, [{}]) for sender in ({}, SYSTEM)),
]
"""Everything that can happen to a case: each message, from whoever may send it and from a system, and time."""


def outside_authority() -> Life:
    """Return a case about something that the government has no authority over."""
    life = Life(category="police")
    assert view(life.state).triage_reason is TriageReason.OUTSIDE_AUTHORITY
    return life


def takes(life: Life, step: Step) -> None:
    """Let something happen to a case, and check that it did not come to a bare end by it."""
    kind, fields = step
    before, so_far = life.state, len(life.timeline)
    if kind == "time":
        if (moment := next_moment(before)) is not None:
            life.now = max(life.now, moment)
            life.happens(TimeReached(life.now))
    else:
        life.says(kind, **fields)
    happened = [transition.kind for transition in life.timeline[so_far:]]
    if life.state.over and not before.over:
        assert kind in ("time", "withdraw", "rate"), f"{kind} alone ended a case that was {before.status}"
        if kind == "withdraw":
            assert life.timeline[-1].actor in ("reporter-9", "bridge")
        else:
            # The reporter had an answer and time to contest it, or was asked for something and said nothing.
            assert before.status in SETTLED | {Status.NEEDS_INFORMATION}
            assert before.window is not None
    elif life.state.status in SETTLED and before.status is not life.state.status:
        can_be_contested(life, happened)


def can_be_contested(life: Life, happened: list[TransitionKind]) -> None:
    """Check that a case's answer says something, and that the reporter has time to contest it."""
    shown = view(life.state)
    assert life.state.window is not None
    assert life.state.window.until.at >= life.now + 10 * DAY
    match life.state.status:
        case Status.RESOLVED:
            assert TransitionKind.RESPONDED in happened
            assert {"reopen", "rate"} <= set(shown.messages)
        case Status.REFERRED:
            assert shown.referred_to == "Police"
            assert "appeal" in shown.messages
        case Status.REJECTED:
            assert life.timeline[-1].detail["reason"] == "outside-authority"
            assert "appeal" in shown.messages
        case Status.MERGED:
            assert shown.merged_into == "case-2"
            assert "unmerge" in shown.messages


def test_no_step_from_any_status_takes_what_is_outside_the_authority_to_a_bare_end() -> None:
    seen, waiting = dict[object, Life](), [outside_authority()]
    while waiting:
        life = waiting.pop()
        for step in STEPS:
            branch = copy.copy(life)
            branch.timeline = list(life.timeline)
            takes(branch, step)
            state = branch.state
            window, triage = (state.window and state.window.kind), (state.plan and state.plan.triage_reason)
            key = (state.status, state.over, window, triage, state.clock is None)
            if key not in seen:
                seen[key] = branch
                waiting.append(branch)
    assert {life.state.status for life in seen.values()} == set(Status) - {Status.RECEIVED}


@settings(deadline=None)
@given(st.lists(st.sampled_from(STEPS), max_size=15))
def test_no_course_of_things_takes_it_to_a_bare_end_either(course: list[Step]) -> None:
    life = outside_authority()
    for step in course:
        takes(life, step)


def test_there_is_no_message_that_closes_a_case() -> None:
    assert not {"close", "resolve", "dismiss", "end"} & set(MESSAGES)


@pytest.mark.parametrize(("model", "needed"), [(Refer, "addressee"), (Reject, "reason")])
def test_a_referral_without_an_addressee_and_a_rejection_without_a_reason_are_no_messages(
    model: type[Refer | Reject], needed: Literal["addressee", "reason"]
) -> None:
    said = {"message_id": "m-1", "actor": {"id": "operator-7"}}
    for value in ({}, {needed: ""}, {needed: " "}, {needed: None}):
        with pytest.raises(ValidationError, match=needed):
            model.model_validate(said | value)


PACKS = pytest.mark.parametrize("pack", [lampung(), jakarta()], ids=lambda pack: pack.name)


@PACKS
def test_every_pack_names_addressees_for_what_it_refers_and_gives_time_to_contest_that(pack: Policy) -> None:
    names = {addressee.code: addressee.name for addressee in pack.addressees}
    referred = {category.refer_to for category in pack.categories if category.refer_to}
    assert referred
    assert all(names[code].strip() for code in referred)
    assert pack.handling.review is not None


@PACKS
def test_no_single_message_of_an_office_ends_a_case_outside_the_authority_under_the_rules_of_a_pack(
    pack: Policy,
) -> None:
    category = next(category for category in pack.categories if category.refer_to)
    for kind, fields in STEPS:
        if kind not in ("time", "withdraw"):
            life = Life(pack, category=category.code, region=pack.regions[0].code)
            assert view(life.state).triage_reason is TriageReason.OUTSIDE_AUTHORITY
            life.says(making.message(kind, **_known_to(pack, fields)))
            assert not life.state.over, f"{kind} alone ended it"


def _known_to(pack: Policy, fields: dict[str, Any]) -> dict[str, Any]:
    """Return a message's fields with codes that a pack knows."""
    agencies, first = pack.agencies, pack.categories[0].code
    known = {
        "agency": agencies[0].code,
        "agencies": tuple(agency.code for agency in agencies[:2]),
        "category": first,
        "addressee": pack.addressees[0].code,
    }
    return fields | {name: value for name, value in known.items() if name in fields}


async def test_a_referral_names_who_is_in_charge_and_an_appeal_takes_it_to_the_superior(kawal: Kawal) -> None:
    case = await kawal.open(making.whole_policy(), category="police")
    with pytest.raises(RefusedError, match="addressee: NOBODY is not one of the policy's"):
        await says(kawal, case, "refer", addressee="NOBODY")
    await says(kawal, case, "refer", addressee="POLICE")
    referred = await kawal.stored(case.id)
    assert (referred.status, referred.referred_to, referred.closed_at) == (Status.REFERRED, "Police", None)
    await says(kawal, case, "appeal")
    appealed = await kawal.stored(case.id)
    assert (appealed.status, appealed.level, appealed.referred_to) == (Status.VERIFYING, 1, None)
    await says(kawal, case, "reject", reason="outside-authority")
    rejected = await kawal.stored(case.id)
    assert (rejected.status, rejected.closed_at) == (Status.REJECTED, None)
    await says(kawal, case, "appeal")
    assert (await kawal.stored(case.id)).level == 2
    await says(kawal, case, "verify", agency="SCHOOLS")
    assert (await kawal.stored(case.id)).owners == ("operator@SCHOOLS",)
