"""A complaint that nobody was in charge of waited for ever (seen in CCRS).

Triage is an agency's desk with a ladder like any other, and an office that nobody holds does not keep a case from its
superior: every case reaches the head of the agency.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.lifecycle import next_moment
from schemas.case import Absence, TriageReason
from storage import absences
from storage.inbox import owned_by
from tests import making
from tests.kawal import Kawal
from tests.life import Life
from tests.peers.following import DAY, changed, now, without_law

WAYS: dict[TriageReason, dict[str, Any]] = {
    TriageReason.NO_PLACE: {"region": None},
    TriageReason.UNKNOWN_PLACE: {"region": "atlantis"},
    TriageReason.UNKNOWN_CATEGORY: {"category": "never heard of"},
    TriageReason.NO_OWNER: {"category": "orphan"},
    TriageReason.OUTSIDE_AUTHORITY: {"category": "police"},
    TriageReason.RESPONDENT: {"category": "report", "respondent": "INSPECTORATE"},
}
DESK = ["operator@DESK", "head-of-division@DESK", "head-of-agency@DESK", "inspector@INSPECTORATE"]


async def test_a_case_that_nobody_is_in_charge_of_climbs_to_the_head_of_the_desk_s_agency_and_beyond(
    kawal: Kawal,
) -> None:
    policy = without_law(making.whole_policy())
    # Nobody stands in for the inspectorate here.
    categories = tuple(found.model_copy(update={"otherwise": None}) for found in policy.categories)
    policy = changed(policy, categories=categories)

    async def climbs(reason: TriageReason, complaint: dict[str, Any]) -> None:
        case = await kawal.open(policy, **complaint)
        views = [await kawal.stored(case.id)]
        views += [await kawal.pass_time(case, timedelta(days=10, minutes=1)) for _ in range(4)]
        # An accused agency is no rung of the ladder.
        ladder = DESK[:3] if reason is TriageReason.RESPONDENT else DESK
        assert views[0].triage_reason is reason
        assert [view.holder for view in views] == [*ladder, *[ladder[-1]] * (5 - len(ladder))], reason
        assert all(view.owners == (view.holder,) for view in views), reason
        late = [entry.subject for entry in await kawal.ledger(case.id)]
        assert late == DESK[:3], reason

    await asyncio.gather(*(climbs(reason, complaint) for reason, complaint in WAYS.items()))


async def test_a_case_of_an_office_that_nobody_holds_reaches_the_head_and_nobody_is_blamed_for_the_empty_chair(
    kawal: Kawal,
) -> None:
    policy = without_law(making.whole_policy())
    began = datetime.now(UTC) - DAY
    for role in ("operator", "head-of-division", "secretary"):
        absence = Absence(office=f"{role}@SCHOOLS", since=began, until=began + 300 * DAY)
        await absences.record(kawal.pool, absence)
    try:
        case = await kawal.open(policy, category="school")
        view = await kawal.pass_time(case, timedelta(days=20, minutes=1))
        assert (view.level, view.owners) == (2, ("head-of-agency@SCHOOLS",))
        mine = await owned_by(kawal.pool, "head-of-agency@SCHOOLS", await now(kawal, case))
        assert case.id in [line.case_id for line in mine]
        assert await kawal.ledger(case.id) == []

        await kawal.pass_time(case, timedelta(days=10))
        assert [entry.subject for entry in await kawal.ledger(case.id)] == ["head-of-agency@SCHOOLS"]
    finally:
        await kawal.pool.execute("delete from absences where office like '%@SCHOOLS'")


def test_in_no_status_does_an_open_case_wait_without_a_moment_at_which_something_happens() -> None:
    ways: list[dict[str, dict[str, Any]]] = [
        {},
        {"acknowledge": {}},
        {"ask": {}},
        {"pause": {"limit": "90 days", "reason": "waits-for-court"}},
        {"coordinate": {"agencies": ("ROADS", "SCHOOLS")}},
    ]
    for messages in ways:
        life = Life()
        for kind, fields in messages.items():
            life.says(kind, **fields)
        for _ in range(40):
            assert life.state.over or next_moment(life.state) is not None, life.state.status
            life.passes(days=7)
