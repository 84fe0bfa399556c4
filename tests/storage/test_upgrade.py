"""A database of the first release is brought up to date without losing anything of its cases."""

from datetime import UTC, datetime, timedelta

import asyncpg

from schemas.status import Status
from storage import case_records, database

FIRST = sorted(database.MIGRATIONS.glob("*.sql"))[0]
NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)


async def test_cases_of_the_first_release_are_read_as_they_stood(database_url: str) -> None:
    url = await _new_database(database_url, "of_the_first_release")
    connection = await asyncpg.connect(url)
    await connection.execute(FIRST.read_text().partition("-- migrate:down")[0])
    await connection.execute("create table schema_migrations (version varchar(128) primary key)")
    await connection.execute("insert into schema_migrations values ($1)", FIRST.name.partition("_")[0])
    await connection.execute(
        "insert into cases (case_id, status, channel, category, region, agency, queue, level, level_title, holder,"
        " policy_version, opened_at, due_at, due_steps, provisional, next_kind, next_at, on_time, seq, ledger_length,"
        " ledger_head) values ('old-1', 'assigned', 'counter', 'road', 'north', 'ROADS', 'ROADS', 0, 'Operator',"
        " 'operator@ROADS', 'v1', $1, $2, '{starts,over}', true, 'warned', $2, true, 2, 0, $3)",
        NOW,
        NOW + timedelta(days=3),
        "0" * 64,
    )
    await connection.close()
    assert len(await database.migrate(url)) == len(list(database.MIGRATIONS.glob("*.sql"))) - 1
    pool = await database.connect(url)
    case = await case_records.case(pool, "old-1")
    await pool.close()
    assert case is not None
    assert case.due is not None
    assert (case.status, case.holder, case.due.at) == (Status.ASSIGNED, "operator@ROADS", NOW + timedelta(days=3))
    assert (case.due.steps, case.due.provisional) == (("starts", "over"), True)
    assert (case.owners, case.level_clock) == ((), None)


async def _new_database(url: str, name: str) -> str:
    connection = await asyncpg.connect(url)
    await connection.execute(f"create database {name}")
    await connection.close()
    return url.replace("/kawal?", f"/{name}?")
