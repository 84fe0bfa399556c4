"""A complaint is durable before its case starts, and a repeat of it is the same complaint."""

import asyncio
import json

import pytest
from pydantic import ValidationError

from gateway.starter import NotFoundError, RefusedError
from schemas.complaint import Intake
from storage import policies
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
    texts = await kawal.pool.fetch(
        "select body from complaints where case_id = $1 union all select body from message_texts where case_id = $1",
        complaint.case_id,
    )
    assert [text["body"] for text in texts] == [SECRET, f"Kepada {SECRET}"]


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


async def test_without_a_policy_in_force_a_complaint_is_refused_with_the_mend(kawal: Kawal) -> None:
    with pytest.raises(RefusedError, match="policy: none named nowhere is in force; publish one with kawal init"):
        await kawal.starter.submit(intake(), policy_name="nowhere")


async def test_a_published_policy_is_read_back_under_the_same_version(kawal: Kawal) -> None:
    policy = making.policy(name="read-back")
    await policies.publish(kawal.pool, policy)
    stored = await policies.version(kawal.pool, policy.version)
    assert stored == policy
    assert stored.version == policy.version
