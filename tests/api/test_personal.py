"""What people wrote and who they are: for whoever needs it, and never unrecorded."""

import pytest

from schemas.access import Action
from storage import personal_reads
from storage.personal_reads import PersonalRead
from tests.api.handing_in import HOLE, Headers, case_of, done, operator, say, superior
from tests.api.house import House

SITI = {"name": "Siti Rahma", "phone": "0812 3456 7890"}


async def reads_of(house: House, case_id: str) -> list[PersonalRead]:
    """Return what was recorded of a case, the first read first."""
    return (await personal_reads.listing(house.pool, subject=case_id))[::-1]


async def test_the_original_and_what_was_said_since_is_read_and_recorded(house: House) -> None:
    me = house.as_("reporter", id="reads-own")
    case_id = await case_of(house, me, place={"latitude": -5.4, "longitude": 105.3}, attributes={"lane": "left"})
    await done(house, operator(house), case_id, "ask", text="How deep?")
    await done(house, me, case_id, "provide", text="Knee-deep.")
    assert (await say(house, me, case_id, "provide", text="Never asked.")).status_code == 409

    for who in (me, operator(house, id="reads-it"), house.as_("auditor", id="audits-it")):
        answer = await house.http.get(f"/v1/cases/{case_id}/text", headers=who)
        told = answer.json()
        assert told["original"] == {
            "text": HOLE["text"],
            "place": {"latitude": -5.4, "longitude": 105.3},
            "attributes": {"lane": "left"},
            "evidence": [],
        }
        assert [(said["item"]["kind"], said["text"]) for said in told["messages"]] == [
            ("asked", "How deep?"),
            ("provided", "Knee-deep."),
        ]
    fields = ("text", "place", "attributes", "messages")
    assert [(read.caller, read.action, read.fields) for read in await reads_of(house, case_id)] == [
        ("reads-own", Action.READ_TEXT, fields),
        ("reads-it", Action.READ_TEXT, fields),
        ("audits-it", Action.READ_TEXT, fields),
    ]


async def test_who_had_a_case_sees_it_still_and_reads_it_no_more(house: House) -> None:
    case_id = await case_of(house, house.as_("reporter"))
    await done(house, operator(house), case_id, "transfer", agency="SCHOOLS", reason="wrong-agency")
    assert (await house.http.get(f"/v1/cases/{case_id}", headers=operator(house))).status_code == 200
    assert (await house.http.get(f"/v1/cases/{case_id}/text", headers=operator(house))).status_code == 403
    assert await reads_of(house, case_id) == []


async def who_learns(house: House, case_id: str, who: Headers) -> int:
    """Return what somebody is answered who asks for the reporter; whoever gets an answer gets all of it."""
    answer = await house.http.get(f"/v1/cases/{case_id}/reporter", headers=who)
    if answer.status_code == 200:
        told = answer.json()["reporter"]
        assert (told["name"], told["phone"], told["account"]) == ("Siti Rahma", "+6281234567890", "siti")
    else:
        assert "Siti" not in answer.text
    return answer.status_code


@pytest.mark.parametrize(("identity", "in_the_agency"), [("named", 200), ("anonymous", 403), ("confidential", 403)])
async def test_an_agency_learns_who_reported_only_when_the_reporter_is_named(
    house: House, identity: str, in_the_agency: int
) -> None:
    me, app = house.as_("reporter", id="siti"), house.as_("system")
    case_id = await case_of(house, app, identity=identity, reporter=SITI | {"account": "siti"})
    assert await who_learns(house, case_id, operator(house)) == in_the_agency
    assert await who_learns(house, case_id, superior(house)) == in_the_agency
    assert await who_learns(house, case_id, me) == 200
    assert await who_learns(house, case_id, app) == 200
    assert await who_learns(house, case_id, house.as_("auditor")) == 403
    told = 2 + 2 * (in_the_agency == 200)
    recorded = await reads_of(house, case_id)
    assert [(read.action, read.fields) for read in recorded] == [
        (Action.READ_PERSON, ("account", "name", "phone")),
    ] * told


async def test_whoever_investigates_an_agency_does_not_learn_who_reported_it(house: House) -> None:
    me = house.as_("reporter", id="siti")
    case_id = await case_of(house, me, category="report", respondent="ROADS", reporter=SITI)
    officer = house.as_("superior", agency="INSPECTORATE", offices=["officer@INSPECTORATE"])
    assert await who_learns(house, case_id, officer) == 403
    assert (await house.http.get(f"/v1/cases/{case_id}/text", headers=officer)).status_code == 200
    assert await who_learns(house, case_id, operator(house)) == 404
    assert await who_learns(house, case_id, me) == 200


async def test_of_a_reporter_whom_nobody_named_there_is_nothing_to_tell(house: House) -> None:
    case_id = await case_of(house, house.as_("system"))
    answer = await house.http.get(f"/v1/cases/{case_id}/reporter", headers=operator(house))
    assert (answer.status_code, answer.json()["reporter"]) == (200, None)
