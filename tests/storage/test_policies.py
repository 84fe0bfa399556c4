"""Policies are read once and kept; what is in force is asked anew each time."""

from datetime import UTC, date, datetime

from schemas.policy import Policy
from storage import database, policies
from storage.database import Pool
from tests import making

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def named(name: str, title: str = "A policy") -> Policy:
    return Policy.model_validate({**making.policy(name=name).model_dump(mode="json"), "title": title})


async def test_a_version_that_was_read_before_is_not_read_again(pool: Pool) -> None:
    policy = named("kept-once")
    await policies.publish(pool, policy)
    first = await policies.version(pool, policy.version)
    assert first == policy
    assert await policies.version(pool, policy.version) is first
    assert (await policies.in_force(pool, NOW))["kept-once"] is first


async def test_what_is_published_later_is_in_force_at_once(pool: Pool) -> None:
    before, after = named("kept-then"), named("kept-then", "Another")
    await policies.publish(pool, before)
    assert (await policies.in_force(pool, NOW))["kept-then"].title == "A policy"
    await policies.publish(pool, after)
    assert (await policies.in_force(pool, NOW))["kept-then"].title == "Another"
    await policies.publish(pool, before)
    assert (await policies.in_force(pool, NOW))["kept-then"].title == "A policy"
    assert "kept-then" not in await policies.in_force(pool, datetime(2019, 1, 1, tzinfo=UTC))


async def test_no_more_than_so_many_are_kept_and_all_of_them_are_found(pool: Pool) -> None:
    many = [named(f"kept-many-{n}") for n in range(40)]
    for policy in many:
        await policies.publish(pool, policy)
    found = await policies.in_force(pool, NOW)
    assert {policy.name for policy in many} <= set(found)
    assert len(policies._read[pool]) <= policies._MOST
    for policy in many:
        assert await policies.version(pool, policy.version) == policy


async def test_a_version_never_published_is_none_until_it_is(pool: Pool) -> None:
    policy = named("kept-never")
    assert await policies.version(pool, policy.version) is None
    await policies.publish(pool, policy)
    assert await policies.version(pool, policy.version) == policy


async def test_each_database_keeps_its_own_under_the_version_that_it_was_published_as(
    pool: Pool, database_url: str
) -> None:
    policy = named("kept-apart")
    await pool.execute(
        "insert into policy_versions (version, name, title, effective_from, body) values ($1, $2, $3, $4, $5)",
        *("of-0-1-0", policy.name, policy.title, date(2020, 1, 1), policy.model_dump(mode="json")),
    )
    for _ in range(2):
        found = await policies.version(pool, "of-0-1-0")
        assert found is not None
        assert found.version == "of-0-1-0"
    other = await database.connect(database_url)
    try:
        assert await policies.version(other, "of-0-1-0") is not found
    finally:
        await other.close()
