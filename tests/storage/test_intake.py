"""A complaint is durable before its case starts, and a repeat of it is the same complaint."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest
from pydantic import ValidationError

from gateway.refusals import NotFoundError, RefusedError
from schemas.complaint import Intake
from schemas.policy import Policy
from storage import intake as intake_at_the_door
from storage import policies
from storage.intake import accept
from tests import making
from tests.kawal import Kawal

SECRET = "Nama saya Budi Santoso, NIK 1871010101900001"


def intake(external_id: str | None = None) -> Intake:
    return Intake(channel="lapor", external_id=external_id, category="road", region="north", text=SECRET)


@pytest.fixture
async def published(kawal: Kawal) -> str:
    policy = making.policy(name="intake")
    await policies.publish(kawal.pool, policy)
    return policy.name


async def test_the_same_external_id_many_times_at_once_is_one_case(kawal: Kawal, published: str) -> None:
    accepted = await asyncio.gather(*(kawal.starter.submit(intake("L-1"), policy_name=published) for _ in range(8)))
    assert len({complaint.case_id for complaint in accepted}) == 1


async def test_complaints_without_an_external_id_are_separate_cases(kawal: Kawal, published: str) -> None:
    accepted = [await kawal.starter.submit(intake(), policy_name=published) for _ in range(2)]
    assert accepted[0].case_id != accepted[1].case_id


async def test_what_people_write_never_enters_a_history(kawal: Kawal, published: str) -> None:
    complaint = await kawal.starter.submit(intake(), policy_name=published)
    await kawal.starter.send(complaint.case_id, making.respond(), text=f"Kepada {SECRET}")
    history = await kawal.starter.handle(complaint.case_id).fetch_history()
    assert "Budi" not in json.dumps(history.to_json_dict())
    assert b"Budi" not in b"".join(event.SerializeToString() for event in history.events)
    kept = await intake_at_the_door.original(kawal.pool, complaint.case_id)
    assert kept is not None
    assert kept.text == SECRET
    assert list((await intake_at_the_door.texts(kawal.pool, complaint.case_id)).values()) == [f"Kepada {SECRET}"]


@pytest.mark.parametrize("text", ["", " \n\t ", "a\x00b", "x" * 20_001])
def test_a_text_that_is_blank_too_long_or_cannot_be_stored_is_refused_at_the_edge(text: str) -> None:
    with pytest.raises(ValidationError, match="text"):
        Intake(channel="lapor", category="road", text=text)


async def test_the_text_of_a_refused_answer_is_not_kept(kawal: Kawal, published: str) -> None:
    complaint = await kawal.starter.submit(intake(), policy_name=published)
    with pytest.raises(RefusedError, match=r"actor\.agency"):
        await kawal.starter.send(complaint.case_id, making.respond(agency="SCHOOLS"), text=SECRET)
    assert await kawal.pool.fetch("select from message_texts where case_id = $1", complaint.case_id) == []


async def test_a_text_for_a_case_that_never_was_is_not_kept(kawal: Kawal) -> None:
    with pytest.raises(NotFoundError, match="there is none with the id nowhere"):
        await kawal.starter.send("nowhere", making.respond(), text=SECRET)
    assert await kawal.pool.fetch("select from message_texts where case_id = 'nowhere'") == []


async def test_a_complaint_that_was_accepted_and_never_started_is_found_by_a_sweep(
    kawal: Kawal, published: str
) -> None:
    moment = datetime.now(UTC) - timedelta(minutes=2)
    policy = (await policies.in_force(kawal.pool, moment))[published]
    left = await accept(kawal.pool, "left-behind", intake(), policy.version, moment)
    assert await kawal.starter.sweep() >= 1
    async for event in kawal.starter.handle(left.case_id).fetch_history_events(wait_new_event=True):
        if event.HasField("upsert_workflow_search_attributes_event_attributes"):
            break
    assert await kawal.kinds(left.case_id) == ["received", "assigned"]
    assert await kawal.starter.sweep() == 0


async def test_a_case_id_of_another_channels_complaint_is_refused(kawal: Kawal, published: str) -> None:
    await kawal.starter.submit(intake("S-1"), policy_name=published, case_id="shared-1")
    other = intake("S-2").model_copy(update={"channel": "counter"})
    with pytest.raises(RefusedError, match="case_id: shared-1 is that of another complaint"):
        await kawal.starter.submit(other, policy_name=published, case_id="shared-1")


async def test_the_original_complaint_cannot_be_changed(kawal: Kawal, published: str) -> None:
    complaint = await kawal.starter.submit(intake(), policy_name=published)
    with pytest.raises(asyncpg.RestrictViolationError, match="complaints is append-only"):
        await kawal.pool.execute("update complaints set body = '' where case_id = $1", complaint.case_id)


async def test_a_policy_takes_effect_when_its_day_begins_in_its_own_zone(kawal: Kawal) -> None:
    def version(effective_from: date, title: str) -> Policy:
        calendar = making.rules(zone="Asia/Jakarta")
        changes = {"effective_from": effective_from, "title": title, "calendar": calendar}
        return making.policy(name="new-year").model_copy(update=changes)

    old, new = version(date(2026, 1, 1), "old"), version(date(2027, 1, 1), "new")
    for policy in (old, new):
        await policies.publish(kawal.pool, policy)
    midnight = datetime(2026, 12, 31, 17, tzinfo=UTC)  # in Jakarta
    before = (await policies.in_force(kawal.pool, midnight - timedelta(seconds=1)))["new-year"].title
    after = (await policies.in_force(kawal.pool, midnight))["new-year"].title
    assert (before, after) == ("old", "new")


async def test_without_a_policy_in_force_a_complaint_is_refused_with_the_mend(kawal: Kawal) -> None:
    with pytest.raises(RefusedError, match="policy: none of this name is in force; publish one with kawal init"):
        await kawal.starter.submit(intake(), policy_name="nowhere")


async def test_a_published_policy_is_read_back_under_the_same_version(kawal: Kawal) -> None:
    policy = making.policy(name="read-back")
    await policies.publish(kawal.pool, policy)
    stored = await policies.version(kawal.pool, policy.version)
    assert stored == policy
    assert stored.version == policy.version


async def test_a_policy_is_not_in_force_any_more_when_its_last_day_is_over_in_its_own_zone(kawal: Kawal) -> None:
    moment = datetime(2026, 12, 31, 12, tzinfo=UTC)
    ending = making.policy(name="ending").model_copy(update={"effective_to": moment.date()})
    await policies.publish(kawal.pool, ending)
    assert "ending" in await policies.in_force(kawal.pool, moment)
    assert "ending" not in await policies.in_force(kawal.pool, moment + timedelta(days=1))


async def test_a_policy_published_by_an_older_release_keeps_the_version_that_it_was_published_as(kawal: Kawal) -> None:
    policy = making.policy(name="older")
    await kawal.pool.execute(
        "insert into policy_versions values ('as-it-was', $1, $2, $3, $4)",
        policy.name,
        policy.title,
        policy.effective_from,
        policy.model_dump(mode="json"),
    )
    await kawal.pool.execute("insert into policy_publications (version) values ('as-it-was')")
    in_force = (await policies.in_force(kawal.pool, datetime.now(UTC)))["older"]
    found = await policies.version(kawal.pool, "as-it-was")
    assert found is not None
    assert in_force.version == found.version == "as-it-was" != policy.version
