"""Notices stand in the database together with what they tell of, once each, and wait for whoever hears of them."""

import asyncio
from datetime import timedelta

import pytest
from pydantic import ValidationError

from schemas.case import CommitRequest, TransitionKind
from schemas.notices import masked
from schemas.policy import QuietHours
from storage import contacts, notices
from storage.database import Pool
from storage.notices import Line
from tests.gateway.telling import case, climb, commit, forget_everything, happened, office, policy_with, tell, wib
from tests.making import NOON

NIGHT = QuietHours.model_validate({"begins": "20:00", "ends": "06:00", "on_days_off": True})
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
async def nothing_else_to_tell(pool: Pool) -> None:
    await forget_everything(pool)


async def of_case(pool: Pool, case_id: str) -> list[Line]:
    """Return a case's notices, the first event first."""
    return list(reversed(await notices.lines(pool, case_id=case_id)))


async def test_a_climb_leaves_a_notice_for_the_late_one_and_one_for_the_superior(pool: Pool) -> None:
    await commit(pool, climb("stored-n1"))
    found = [(line.recipient, line.what, line.state) for line in await of_case(pool, "stored-n1")]
    assert found == [
        (office("operator", "stored-n1"), "overdue", "waiting"),
        (office("head", "stored-n1"), "escalated-to-you", "waiting"),
    ]


async def test_the_same_commit_twice_is_one_notice(pool: Pool) -> None:
    request = climb("stored-n2")
    await commit(pool, request)
    await asyncio.gather(*(tell(pool, request) for _ in range(5)))
    assert len(await of_case(pool, "stored-n2")) == 2


async def test_two_events_of_one_day_are_two_notices(pool: Pool) -> None:
    await commit(pool, climb("stored-n3", at=NOON))
    await commit(pool, climb("stored-n3", at=NOON + timedelta(minutes=5), seq=3))
    whats = [line.what for line in await of_case(pool, "stored-n3")]
    assert whats == ["overdue", "escalated-to-you"] * 2


async def test_what_is_not_committed_is_told_to_nobody(pool: Pool) -> None:
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await notices.enqueue(connection, climb("stored-n4"), None)
        await transaction.rollback()
    assert await of_case(pool, "stored-n4") == []


async def test_what_concerns_nobody_leaves_nothing(pool: Pool) -> None:
    request = CommitRequest(case=case("stored-n5"), transitions=(happened(TransitionKind.ACKNOWLEDGED),))
    await commit(pool, request)
    assert await of_case(pool, "stored-n5") == []


async def test_notices_of_the_night_and_the_weekend_wait_until_it_is_over_and_stay_apart(pool: Pool) -> None:
    policy = await policy_with(pool, NIGHT, name="stored-quiet")
    for n, at in enumerate((wib(27, 22), wib(28, 12), wib(29, 23))):  # Friday night to Sunday night
        request = climb("stored-n6", at=at, seq=1 + 2 * n, policy_version=policy.version)
        await commit(pool, request, policy)
    found = await of_case(pool, "stored-n6")
    assert len(found) == 6
    assert {line.not_before for line in found} == {wib(30, 6)}
    assert [line.at for line in found[::2]] == [wib(27, 22), wib(28, 12), wib(29, 23)]


async def test_a_unit_that_works_day_and_night_is_told_at_night(pool: Pool) -> None:
    policy = await policy_with(pool, NIGHT, name="stored-hospital")
    at = wib(28, 2)
    clock = happened(TransitionKind.WARNED).clock
    assert clock is not None
    warned = happened(TransitionKind.WARNED, at=at, clock=clock.model_copy(update={"around_the_clock": True}))
    await commit(pool, CommitRequest(case=case("stored-n7"), transitions=(warned,)), policy)
    [line] = await of_case(pool, "stored-n7")
    assert line.not_before == at


async def test_a_reporter_is_known_by_the_case(pool: Pool) -> None:
    await commit(pool, CommitRequest(case=case("stored-n8"), transitions=(happened(TransitionKind.ASKED),)))
    [line] = await of_case(pool, "stored-n8")
    assert line.recipient == "reporter:stored-n8"


async def test_contacts_are_those_that_were_set_last(pool: Pool) -> None:
    await contacts.replace(pool, "head@C1", ["a@c1.go.id", "b@c1.go.id"], NOON)
    await contacts.replace(pool, "head@C1", ["b@c1.go.id", "c@c1.go.id"], NOON)
    assert [one.address for one in await contacts.listing(pool, "head@C1")] == ["b@c1.go.id", "c@c1.go.id"]
    await contacts.replace(pool, "head@C1", [], NOON)
    assert await contacts.listing(pool, "head@C1") == []


@pytest.mark.parametrize(
    "address", ["budi", "budi@", "@go.id", "budi@go.id\nBcc: x@y.id", "a b@go.id", "b@go..id", "x" * 65 + "@go.id"]
)
async def test_what_is_no_address_is_refused_without_repeating_it(pool: Pool, address: str) -> None:
    with pytest.raises(ValidationError) as refused:
        await contacts.replace(pool, "head@C2", ["fine@go.id", address], NOON)
    assert address not in str(refused.value)
    assert await contacts.listing(pool, "head@C2") == []


def test_a_masked_address_is_known_only_to_those_who_know_it() -> None:
    assert masked("budi.santoso@bmbk.lampungprov.go.id") == "b***@bmbk.lampungprov.go.id"


async def test_lines_never_hold_an_address(pool: Pool) -> None:
    await contacts.replace(pool, office("head", "stored-n9"), ["budi@go.id"], NOON)
    await commit(pool, climb("stored-n9"))
    async with pool.acquire() as connection, connection.transaction():
        ready = [one.number for one in await notices.waiting(connection, NOON)]
        assert await notices.address(connection, ready, NOON) == 1  # the operator has no contact
    shown = "".join(line.model_dump_json() for line in await of_case(pool, "stored-n9"))
    assert "budi" not in shown
    assert "b***@go.id" in shown


async def test_a_notice_for_nobody_waits_again_once_there_is_a_contact_unless_it_is_old(pool: Pool) -> None:
    old, new = climb("stored-old", at=NOON - 8 * DAY), climb("stored-new", at=NOON - 6 * DAY)
    for request in (old, new):
        await commit(pool, request)
    async with pool.acquire() as connection, connection.transaction():
        await notices.address(connection, [one.number for one in await notices.waiting(connection, NOON)], NOON)
    for case_id in ("stored-old", "stored-new"):
        assert {line.state for line in await of_case(pool, case_id)} == {"nobody to tell"}
        await contacts.replace(pool, office("head", case_id), ["h@go.id"], NOON)
    assert [line.state for line in await of_case(pool, "stored-old")] == ["nobody to tell"] * 2
    assert [line.state for line in await of_case(pool, "stored-new")] == ["nobody to tell", "waiting"]


async def test_a_contact_that_comes_while_nobody_is_found_is_not_missed(pool: Pool) -> None:
    await commit(pool, climb("stored-race"))
    async with pool.acquire() as connection, connection.transaction():
        ready = [one.number for one in await notices.waiting(connection, NOON)]
        await notices.address(connection, ready, NOON)
        coming = asyncio.create_task(contacts.replace(pool, office("head", "stored-race"), ["h@go.id"], NOON))
        await until_somebody_waits_for_a_lock(pool)
    await coming
    assert [line.state for line in await of_case(pool, "stored-race")] == ["nobody to tell", "waiting"]


async def until_somebody_waits_for_a_lock(pool: Pool) -> None:
    while not await pool.fetchval("select count(*) from pg_locks where not granted"):
        pass
