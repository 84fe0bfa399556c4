"""Who left an address with a complaint is reached there, and nobody else comes to hear of the case."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.reporter_contact import reach_reporter
from schemas.complaint import Identity, Intake
from schemas.notices import EMAIL, SMS, WHATSAPP
from schemas.person import Person
from schemas.policy import Policy
from storage import contacts, intake
from storage.database import Pool
from tests.channels.lapor_making import forget_left_behind
from tests.gateway.batch_making import published

MAIL, PHONE = "planted.reporter@example.id", "+6281299887766"


@pytest.fixture(scope="module")
async def policy(pool: Pool) -> Any:
    found = await published(pool, "reporter-contacts")
    yield found
    await forget_left_behind(pool, found)


def given(case_id: str, reporter: Person | None, **changes: Any) -> Intake:
    said = {"channel": "counter", "external_id": case_id, "category": "road", "text": "x", "reporter": reporter}
    return Intake.model_validate(said | changes)


async def accepted(pool: Pool, policy: Policy, case_id: str, first: Intake, at: datetime | None = None) -> None:
    await intake.accept(pool, case_id, first, policy.version, at or datetime.now(UTC))


async def reached_at(pool: Pool, case_id: str) -> dict[str, str]:
    return {one.channel: one.address for one in await contacts.listing(pool, f"reporter:{case_id}")}


async def test_a_reporter_is_reached_by_mail_and_phone_and_doing_it_again_changes_nothing(
    pool: Pool, policy: Policy
) -> None:
    said = given("reach-1", Person(email=MAIL, phone=PHONE))
    await accepted(pool, policy, "reach-1", said)

    for _ in range(2):
        await reach_reporter(pool, "reach-1", said)

    assert await reached_at(pool, "reach-1") == {EMAIL: MAIL, WHATSAPP: PHONE}
    in_clear = await pool.fetchval(
        "select count(*) from contacts where address is not null and recipient = 'reporter:reach-1'"
    )
    assert in_clear == 0


@pytest.mark.parametrize(("number", "reporter"), [(2, None), (3, Person()), (4, Person(name="Planted"))])
async def test_who_left_nothing_is_not_reached(
    pool: Pool, policy: Policy, number: int, reporter: Person | None
) -> None:
    said = given(f"reach-{number}", reporter, identity=Identity.ANONYMOUS)
    await accepted(pool, policy, f"reach-{number}", said)

    await reach_reporter(pool, f"reach-{number}", said)

    assert await reached_at(pool, f"reach-{number}") == {}


async def test_who_hands_a_complaint_in_again_with_another_address_does_not_come_to_hear_of_it(
    pool: Pool, policy: Policy
) -> None:
    await accepted(pool, policy, "reach-5", given("reach-5", Person(email=MAIL)))
    repeated = given("reach-5", Person(email="somebody.else@example.id", phone="+6281100000000"))
    await accepted(pool, policy, "reach-5", repeated)

    await reach_reporter(pool, "reach-5", repeated)

    assert await reached_at(pool, "reach-5") == {EMAIL: MAIL}


async def test_a_contact_that_was_set_since_stays(pool: Pool, policy: Policy) -> None:
    said = given("reach-6", Person(email=MAIL))
    await accepted(pool, policy, "reach-6", said)
    await contacts.replace(pool, "reporter:reach-6", ["newer@example.id"], datetime.now(UTC))

    await reach_reporter(pool, "reach-6", said)

    assert await reached_at(pool, "reach-6") == {EMAIL: "newer@example.id"}


async def test_a_contact_that_was_removed_does_not_come_back_with_a_file_that_is_imported_again(
    pool: Pool, policy: Policy
) -> None:
    said = given("reach-7", Person(email=MAIL))
    await accepted(pool, policy, "reach-7", said, datetime.now(UTC) - timedelta(days=2))

    await reach_reporter(pool, "reach-7", said)

    assert await reached_at(pool, "reach-7") == {}


async def test_a_number_that_is_none_is_left_out_and_not_repeated(pool: Pool, policy: Policy) -> None:
    said = given("reach-8", Person(email=MAIL, phone="planted 0812"))
    await accepted(pool, policy, "reach-8", said)

    with capture_logs() as logs:
        await reach_reporter(pool, "reach-8", said)

    assert await reached_at(pool, "reach-8") == {EMAIL: MAIL}
    assert [line["channel"] for line in logs] == [WHATSAPP]
    assert "planted" not in str(logs)


async def test_a_notice_that_nobody_could_be_told_looks_for_the_first_contact(pool: Pool) -> None:
    await pool.execute(
        "insert into notices (case_id, seq, what, recipient, at, status, owners, around_the_clock, not_before, state)"
        " values ('reach-9', 1, 'answered', 'reporter:reach-9', now(), 'resolved', '{}', false, now(),"
        " 'nobody to tell')"
    )

    assert await contacts.add_first(pool, "reporter:reach-9", PHONE, datetime.now(UTC), channel=SMS)
    assert not await contacts.add_first(pool, "reporter:reach-9", "+6281100000000", datetime.now(UTC), channel=SMS)

    assert await reached_at(pool, "reach-9") == {SMS: PHONE}
    assert await pool.fetchval("select state from notices where case_id = 'reach-9'") == "waiting"
    await pool.execute("delete from notices where case_id = 'reach-9'")
