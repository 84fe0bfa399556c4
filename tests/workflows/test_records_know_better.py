"""What a case cannot know by itself, the records tell it when it commits: merges of others, absences, likenesses."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from audit.replay import of_case, replay
from gateway.refusals import RefusedError
from schemas.case import Absence
from schemas.complaint import Intake, Place
from schemas.status import Status
from storage import absences, merges, policies
from tests import making
from tests.kawal import Kawal
from workflows.complaint import ComplaintWorkflow


async def test_two_cases_cannot_be_merged_into_each_other_even_at_the_same_moment(kawal: Kawal) -> None:
    one, other = [await kawal.open(making.whole_policy()) for _ in range(2)]
    outcomes = await asyncio.gather(
        kawal.starter.send(one.id, making.message("merge", into=other.id)),
        kawal.starter.send(other.id, making.message("merge", into=one.id)),
        return_exceptions=True,
    )
    [refused] = [outcome for outcome in outcomes if isinstance(outcome, RefusedError)]
    assert "into:" in str(refused)
    statuses = sorted([(await kawal.stored(case.id)).status for case in (one, other)])
    assert statuses == [Status.ASSIGNED, Status.MERGED]


async def test_a_case_is_merged_into_one_that_is_there_open_and_not_merged_itself(kawal: Kawal) -> None:
    first, second, third, closed = [await kawal.open(making.whole_policy()) for _ in range(4)]
    await kawal.starter.send(closed.id, making.message("withdraw"))
    await kawal.starter.send(second.id, making.message("merge", into=first.id))
    for case, into, reason in (
        (third, "nowhere", "into: there is no case nowhere"),
        (third, second.id, f"into: {second.id} is itself merged into {first.id}: name that one"),
        (third, closed.id, f"into: case {closed.id} is over"),
        (first, third.id, f"into: {second.id} is merged into this case"),
    ):
        with pytest.raises(RefusedError, match=reason):
            await kawal.starter.send(case.id, making.message("merge", f"into-{into}", into=into))
    assert await merges.merged_into(kawal.pool, first.id) == [second.id]


async def test_a_merge_that_the_records_refuse_leaves_nothing_behind_of_what_came_with_it(kawal: Kawal) -> None:
    case, target = [await kawal.open(making.whole_policy()) for _ in range(2)]
    for message in (
        making.message("merge", "m1", into="nowhere"),
        making.message("unmerge", "u1"),
    ):
        await case.signal(message.kind, message)
    await kawal.starter.send(case.id, making.message("merge", "m2", into=target.id))
    assert await merges.merged_into(kawal.pool, target.id) == [case.id]
    await kawal.starter.send(case.id, making.message("unmerge", "u2"))
    assert await merges.merged_into(kawal.pool, target.id) == []
    assert (await kawal.stored(case.id)).status is Status.ASSIGNED


async def test_an_unmerged_case_goes_on_and_may_be_merged_again(kawal: Kawal) -> None:
    case, other = [await kawal.open(making.whole_policy()) for _ in range(2)]
    await kawal.starter.send(case.id, making.message("merge", "m1", into=other.id))
    await kawal.starter.send(case.id, making.message("unmerge"))
    assert (await kawal.stored(case.id)).status is Status.ASSIGNED
    await kawal.starter.send(case.id, making.message("merge", "m2", into=other.id))
    assert (await kawal.stored(case.id)).merged_into == other.id
    [verdict] = [verdict async for verdict in replay(of_case(kawal.client, case.id))]
    assert verdict.holds


async def test_open_complaints_nearby_about_the_same_are_proposed_and_never_merged_by_themselves(kawal: Kawal) -> None:
    policy = making.whole_policy(name="nearby")
    await policies.publish(kawal.pool, policy)

    async def submit(latitude: float, category: str = "road") -> str:
        given = Intake(
            channel="app",
            category=category,
            region="north",
            text="A hole in the road",
            place=Place(latitude=latitude, longitude=105.26),
        )
        accepted = await kawal.starter.submit(given, policy_name="nearby")
        return accepted.case_id

    near = await submit(-5.4000)
    await kawal.routed(near)
    far, about_schools, beside = await submit(-5.5), await submit(-5.4, "school"), await submit(-5.4001)
    for case_id in (far, about_schools, beside):
        await kawal.routed(case_id)
    assert (await kawal.stored(beside)).possible_duplicates == (near,)
    assert (await kawal.stored(beside)).status is Status.ASSIGNED
    for case_id in (far, about_schools):
        assert (await kawal.stored(case_id)).possible_duplicates == ()


async def test_nobody_is_proposed_for_a_sanction_while_away_their_deputy_is(kawal: Kawal) -> None:
    policy = making.whole_policy(name="away")
    case = await kawal.open(policy)
    now = datetime.now(UTC)
    for office in ("operator@ROADS", "head-of-division@ROADS"):
        away = Absence(office=office, since=now - timedelta(days=1), until=now + timedelta(days=30))
        await absences.record(kawal.pool, away)
    await kawal.pass_time(case, timedelta(days=32))
    ledger = await kawal.ledger(case.id)
    # Nobody stood in for the operator; for the head of division it was the secretary; the head of agency was there.
    assert [entry.subject for entry in ledger] == ["secretary@ROADS", "head-of-agency@ROADS"]
    assert (await kawal.kinds(case.id)).count("breached") == 3
    await kawal.pool.execute("delete from absences")
    [verdict] = [verdict async for verdict in replay(of_case(kawal.client, case.id))]
    assert verdict.holds


async def test_the_query_tells_both_clocks_and_whose_turn_it_is(kawal: Kawal) -> None:
    case = await kawal.open(making.whole_policy())
    view = await case.query(ComplaintWorkflow.state)
    assert view.level_clock is not None
    assert view.statutory_clock is not None
    assert view.statutory_clock.due.at - view.opened_at == timedelta(days=60)
    assert view.owners == ("operator@ROADS",)
    assert "respond" in view.messages
