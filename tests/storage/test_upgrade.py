"""A database of the first release is brought up to date without losing anything of its cases."""

from datetime import UTC, datetime, timedelta

import asyncpg

from schemas.complaint import Place
from schemas.status import Status
from storage import case_records, contacts, database, intake, recipients
from storage.sealing_up import seal_what_is_clear

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


async def test_what_the_third_release_kept_in_clear_is_sealed_and_read_as_before(database_url: str) -> None:
    url = await _new_database(database_url, "in_clear")
    connection = await asyncpg.connect(url)
    before = [path for path in sorted(database.MIGRATIONS.glob("*.sql")) if path.name < "20261123"]
    await connection.execute("create table schema_migrations (version varchar(128) primary key)")
    for path in before:
        await connection.execute(path.read_text().partition("-- migrate:down")[0])
        await connection.execute("insert into schema_migrations values ($1)", path.name.partition("_")[0])
    await connection.execute("insert into policy_versions values ('v1', 'p', 'P', '2020-01-01', '{}')")
    await connection.execute(
        "insert into complaints (case_id, channel, category, body, policy_version, latitude, longitude, cell)"
        " values ('old-2', 'counter', 'road', 'Jalan Siti rusak', 'v1', -5.4, 105.2, '898c1c2a')"
    )
    await connection.execute("insert into message_texts values ('old-2', 'answer-1', 'Ibu Siti, sudah')")
    await connection.execute("insert into message_texts values ('scorecard-ROADS', 'objection-1', 'Saya Siti')")
    details = '{"name": "Siti Aminah", "national_id": "1871014107900001", "address": "Jalan Mawar 1"}'
    await connection.execute("insert into recipients values ('rcp-old', $1::text::jsonb)", details)
    await connection.execute("insert into benefits values ('req-old', 'aid', '2026-11', '1871014107900001')")
    await connection.execute(
        "insert into contacts (recipient, channel, address) values ('head@ROADS', 'email', 'siti@roads.go.id')"
    )
    await connection.close()
    await database.migrate(url)
    async with await database.connect(url) as pool:
        assert await seal_what_is_clear(pool) == 6
        assert await seal_what_is_clear(pool) == 0

        original = await intake.original(pool, "old-2")
        assert original is not None
        assert (original.text, original.place) == ("Jalan Siti rusak", Place(latitude=-5.4, longitude=105.2))
        assert await intake.texts(pool, "old-2") == {"answer-1": "Ibu Siti, sudah"}
        assert await intake.texts(pool, "scorecard-ROADS") == {"objection-1": "Saya Siti"}
        recipient = await recipients.find(pool, "rcp-old")
        assert recipient is not None
        assert (recipient.name, recipient.address) == ("Siti Aminah", "Jalan Mawar 1")
        assert [one.address for one in await contacts.listing(pool)] == ["siti@roads.go.id"]
        beneficiary = pool.ring.fingerprint("national_id", "1871014107900001")
        assert await pool.fetchval("select request_id from benefits where beneficiary = $1", beneficiary) == "req-old"
        for table in ("complaints", "message_texts", "recipients", "benefits", "contacts"):
            rows = await pool.fetch(f"select t::text from {table} t")
            assert not [
                row for row in rows for value in ("Siti", "siti", "1871014107900001", "105.2") if value in row[0]
            ]


async def _new_database(url: str, name: str) -> str:
    connection = await asyncpg.connect(url)
    await connection.execute(f"create database {name}")
    await connection.close()
    return url.replace("/kawal?", f"/{name}?")
