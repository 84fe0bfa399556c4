"""Who is the same person, and who is kept apart."""

import asyncpg
import pytest

from schemas.person import Person
from storage import persons
from storage.database import Pool

HOME = "+6281255500001"


async def known_as(pool: Pool, **known: str) -> str:
    async with pool.acquire() as connection, connection.transaction():
        return await persons.identified(connection, pool.ring, Person(**known))


async def test_an_account_is_the_same_person_whatever_else_it_says(pool: Pool) -> None:
    first = await known_as(pool, account="acc-same", phone="+6281255500011")
    assert await known_as(pool, account="acc-same", email="same@example.org") == first
    assert await known_as(pool, account="acc-same") == first


async def test_who_writes_down_anothers_telephone_does_not_become_the_other(pool: Pool) -> None:
    theirs = await known_as(pool, phone=HOME)
    mine = await known_as(pool, account="acc-prying", phone=HOME)
    assert mine != theirs
    assert await known_as(pool, account="acc-spouse", phone=HOME) not in (mine, theirs)
    assert await known_as(pool, phone=HOME) == theirs, "what comes without an account is nobody's account's"
    assert await persons.look_up(pool, "account", "acc-prying") == [mine]


async def test_who_cannot_be_told_apart_is_somebody_new_and_is_found(pool: Pool) -> None:
    one, other = await known_as(pool, phone="+6281255500021"), await known_as(pool, email="either@example.org")
    both = await known_as(pool, phone="+6281255500021", email="Either@example.org")
    assert both not in (one, other)
    assert sorted(await persons.look_up(pool, "phone", "+6281255500021")) == sorted((one, both))
    assert sorted(await persons.look_up(pool, "email", "either@example.org")) == sorted((other, both))


@pytest.mark.parametrize("writes", [True, False])
async def test_nobody_is_erased_in_the_middle_of_being_written_about(pool: Pool, writes: bool) -> None:  # noqa: FBT001
    person = await known_as(pool, account=f"acc-held-{writes}")
    async with pool.acquire() as connection, connection.transaction():
        if writes:
            await persons.sealed_for(connection, pool.ring, person, "of", {"text": "hers"})
        else:
            await persons.identified(connection, pool.ring, Person(account=f"acc-held-{writes}"))
        with pytest.raises(asyncpg.LockNotAvailableError):
            await pool.execute("select from persons where person = $1 for no key update nowait", person)
