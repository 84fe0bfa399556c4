"""Erasing a person: nobody reads what was kept of them, and what proves the case still holds."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audit import replay
from domain.ledger import broken_at, head_of
from gateway import privacy
from gateway.refusals import NotFoundError, RefusedError
from local.scratch import scratch_folder
from runtime.evidence import EvidenceSettings
from schemas.access import Action, Caller, CallerRole
from schemas.complaint import Intake, Place
from schemas.person import Person
from schemas.service_request import Recipient, RequestIntake
from storage import (
    contacts,
    evidence_links,
    idempotency,
    intake,
    objects,
    person_records,
    personal_reads,
    persons,
    policies,
    recipients,
    service_requests,
)
from tests import making
from tests.evidence.uploads import a_case, kept_one
from tests.kawal import Handle, Kawal
from tests.privacy import planted
from tests.storage.post_making import published

DAY = timedelta(days=1)
PACK = making.policy("2 days", levels=2, name="erasure")


def given(number: int, **changes: Any) -> Intake:
    reporter = Person(name=planted.NAME, national_id=f"18710141079{4000 + number:05}", phone=f"+62812998877{number:02}",
                      email=f"p{number}@surel-pribadi.example", address=planted.ADDRESS)  # fmt: skip
    place = Place(latitude=planted.LATITUDE, longitude=planted.LONGITUDE)
    fields: dict[str, Any] = {"channel": "counter", "category": "road", "region": "north", "text": planted.TEXT}
    return Intake(**(fields | {"reporter": reporter, "place": place} | changes))


async def lived(kawal: Kawal, number: int) -> Handle:
    """Return a case that climbed, was answered late, and is over."""
    await policies.publish(kawal.pool, PACK)
    complaint = await kawal.starter.submit(given(number), policy_name=PACK.name)
    case = kawal.starter.handle(complaint.case_id)
    await kawal.routed(case.id)
    await kawal.pass_time(case, 4 * DAY)
    await kawal.starter.send(case.id, making.respond(), text=planted.ANSWER)
    await case.result()
    return case


@pytest.fixture
def store() -> Any:
    with scratch_folder() as folder:
        yield objects.opened(EvidenceSettings(folder=folder))


async def test_what_is_personal_of_an_erased_person_is_unreadable_and_the_case_still_proves_itself(
    kawal: Kawal, store: objects.Objects
) -> None:
    case = await lived(kawal, 1)
    ledger = await kawal.ledger(case.id)
    assert ledger, "the lateness led to proposals"
    original = await intake.original(kawal.pool, case.id)
    assert original is not None
    assert original.text == planted.TEXT
    [person] = await privacy.persons_by(kawal.pool, "case", case.id)

    erased = await privacy.erase(kawal.pool, store, person)

    assert (erased.complaints, erased.texts) == (1, 1)
    assert erased.contacts == 2, "e-mail address and phone number"
    with pytest.raises(persons.ErasedError):
        await intake.original(kawal.pool, case.id)
    with pytest.raises(persons.ErasedError):
        await intake.texts(kawal.pool, case.id)
    with pytest.raises(persons.ErasedError):
        await person_records.everything(kawal.pool, person)
    assert await contacts.listing(kawal.pool, f"reporter:{case.id}") == []
    assert await persons.look_up(kawal.pool, "national_id", "1871014107904001") == []
    forgotten = "select cell is null and reported_by is null and body is null from complaints where case_id = $1"
    assert await kawal.pool.fetchval(forgotten, case.id)

    assert await kawal.ledger(case.id) == ledger
    assert broken_at(ledger) is None
    assert (await kawal.stored(case.id)).ledger_head == head_of(ledger)
    verdicts = [verdict async for verdict in replay.replay(replay.of_case(kawal.client, case.id))]
    assert [verdict.holds for verdict in verdicts] == [True]


async def test_before_anything_is_erased_nothing_personal_stands_in_a_table_or_history_in_clear(kawal: Kawal) -> None:
    case = await lived(kawal, 2)
    await recipients.store(
        kawal.pool, "rcp-planted", Recipient(name=planted.NAME, national_id=planted.NIK, address=planted.ADDRESS)
    )
    assert await planted.found_in_database(kawal.pool) == {}
    history = await case.fetch_history()
    assert planted.found_in(b"".join(event.SerializeToString() for event in history.events)) == []


async def test_a_person_whose_case_is_under_way_is_not_erased_by_mistake(kawal: Kawal, store: objects.Objects) -> None:
    await policies.publish(kawal.pool, PACK)
    complaint = await kawal.starter.submit(given(3), policy_name=PACK.name)
    await kawal.routed(complaint.case_id)
    [person] = await privacy.persons_by(kawal.pool, "case", complaint.case_id)
    with pytest.raises(RefusedError, match=f"still under way: {complaint.case_id}"):
        await privacy.erase(kawal.pool, store, person)
    assert await intake.original(kawal.pool, complaint.case_id) is not None

    await privacy.erase(kawal.pool, store, person, even_unfinished=True)
    receipt = await kawal.starter.send(complaint.case_id, making.respond(), text=planted.ANSWER)
    assert receipt.status == "closed", "the case goes on without what was written"
    assert await intake.texts(kawal.pool, complaint.case_id) == {}


async def test_no_photo_and_no_call_says_whose_account_it_was(kawal: Kawal, store: objects.Objects) -> None:
    pool, mine = kawal.pool, Person(account="acc-erased")
    case_id, upload = await a_case(pool, mine), await kept_one(pool, store, uploaded_by="acc-erased")
    unused = await kept_one(pool, store, uploaded_by="acc-erased")
    work = await kept_one(pool, store, uploaded_by="acc-agency", in_person=False)
    await evidence_links.link(pool, case_id, [upload.evidence_id], "acc-erased", None)
    await evidence_links.link(pool, case_id, [work.evidence_id], "acc-agency", None)
    await idempotency.claim(pool, "acc-erased", "key-of-case", {}, case_id)
    await idempotency.claim(pool, "acc-erased", "key-of-photo", {}, upload.evidence_id)

    await privacy.erase(pool, store, upload.person, even_unfinished=True)

    said = "select uploaded_by from evidence where evidence_id = $1"
    assert await pool.fetchval(said, upload.evidence_id) == ""
    assert await pool.fetchval(said, unused.evidence_id) == ""
    assert await pool.fetchval(said, work.evidence_id) == "acc-agency"
    assert await pool.fetchval("select count(*) from idempotency_keys where caller = 'acc-erased'") == 0


async def test_erasing_twice_is_erasing_once_and_others_stay(kawal: Kawal, store: objects.Objects) -> None:
    case, other = await lived(kawal, 4), await lived(kawal, 5)
    [person] = await privacy.persons_by(kawal.pool, "case", case.id)
    first = await privacy.erase(kawal.pool, store, person)
    again = await privacy.erase(kawal.pool, store, person)
    assert again.erased_at == first.erased_at
    kept = await intake.original(kawal.pool, other.id)
    assert kept is not None
    assert kept.text == planted.TEXT


async def test_somebody_who_comes_back_after_an_erasure_is_somebody_new(kawal: Kawal, store: objects.Objects) -> None:
    case = await lived(kawal, 6)
    [person] = await privacy.persons_by(kawal.pool, "case", case.id)
    await privacy.erase(kawal.pool, store, person)
    again = await lived(kawal, 6)
    [comer] = await privacy.persons_by(kawal.pool, "case", again.id)
    assert comer != person


async def test_the_same_number_is_the_same_person_and_all_that_is_kept_is_given_out(kawal: Kawal) -> None:
    first, second = await lived(kawal, 7), await lived(kawal, 7)
    [person] = await privacy.persons_by(kawal.pool, "national_id", "1871014107904007")
    kept = await person_records.everything(kawal.pool, person)
    assert sorted(one["case_id"] for one in kept.complaints) == sorted((first.id, second.id))
    assert {one["text"] for one in kept.complaints} == {planted.TEXT}
    assert {one["text"] for one in kept.texts} == {planted.ANSWER}
    assert kept.complaints[0]["reporter"]["name"] == planted.NAME


async def test_nobody_is_found_by_what_nobody_gave(kawal: Kawal) -> None:
    with pytest.raises(NotFoundError, match="national_id: nobody is known by it"):
        await privacy.persons_by(kawal.pool, "national_id", "1871014107909999")


async def test_who_read_of_a_persons_request_is_given_out_as_well(kawal: Kawal) -> None:
    pool, number = kawal.pool, "1871014107904090"
    given_to = Recipient(name=planted.NAME, national_id=number, address=planted.ADDRESS)
    asked = RequestIntake(channel="counter", service="papers", recipient=given_to)
    version, now = await published(pool), datetime.now(UTC)
    await service_requests.accept(pool, "req-read", asked, "rcp-read", version, now, once_per_period=False)
    clerk = Caller(id="curious-clerk", role=CallerRole.OPERATOR, agency="ROADS")
    await personal_reads.record(pool, clerk, Action.READ_PERSON, "req-read", ("name",))
    [person] = await privacy.persons_by(pool, "national_id", number)
    kept = await person_records.everything(pool, person)
    assert [(one["caller"], one["subject"]) for one in kept.reads] == [("curious-clerk", "req-read")]
