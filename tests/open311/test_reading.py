"""Who is shown what of reports: everybody how they stand, nobody but those who may what people wrote."""

from datetime import UTC, datetime, timedelta
from typing import Any

import h3
import pytest

from schemas.complaint import Identity, Intake
from schemas.policy import Category, Duplicates, Policy
from storage import personal_reads, policies
from tests import making
from tests.open311.door import HERE, JURISDICTION, Door, new_key, new_word, policy
from tests.open311.rules import checked

MOMENT = "%Y-%m-%dT%H:%M:%SZ"


async def one(door: Door, case_id: str, **query: Any) -> dict[str, Any]:
    """Return a report as somebody is shown it, alone and in a list."""
    (alone,) = checked("service_requests", await door.get(f"/requests/{case_id}.json", **query))
    (listed,) = checked("service_requests", await door.get("/requests.json", service_request_id=case_id, **query))
    assert alone == listed
    shown: dict[str, Any] = alone
    return shown


async def unseen(door: Door, case_id: str, **query: Any) -> bool:
    """Return whether a report is neither shown nor listed nor known by its token."""
    answers = [await door.get(f"{path}/{case_id}.json", **query) for path in ("/requests", "/tokens")]
    listed = checked("service_requests", await door.get("/requests.json", service_request_id=case_id, **query))
    statuses = {answer.status_code for answer in answers}
    assert statuses in ({200}, {404})
    assert (statuses == {404}) is (listed == [])
    return statuses == {404}


async def natively(door: Door, **fields: Any) -> str:
    """Hand something in beside Open311; return its id once its case is routed."""
    given = {"channel": "counter", "category": "road", "region": "north", "text": "natively"} | fields
    accepted = await door.house.gateway.cases.submit(Intake.model_validate(given), policy_name=JURISDICTION)
    await door.house.kawal.routed(accepted.case_id)
    return accepted.case_id


PLANTED = {
    "description": "planted-text",
    "address_string": "planted-street",
    "address_id": "planted-address",
    "zipcode": "35111",
    "first_name": "planted-first",
    "last_name": "planted-last",
    "email": "planted-mail@example.org",
    "phone": "081234567890",
    "account_id": "planted-account",
    "device_id": "planted-device",
    "media_url": "https://planted.example/photo.jpg",
    "service_code": "hole/road",
    "attribute[size]": "large",
    "attribute[more]": "planted-answer",
}


@pytest.mark.parametrize("written", ["json", "xml"])
async def test_nothing_that_people_wrote_is_shown_to_everybody(door: Door, written: str) -> None:
    case_id = await door.report(**PLANTED)
    answers = [
        await door.get(f"/requests/{case_id}.{written}", extensions="true"),
        await door.get(f"/requests.{written}", service_request_id=case_id, extensions="true"),
        await door.get(f"/requests.{written}", service_code="hole/road", extensions="true"),
        await door.get(f"/tokens/{case_id}.{written}"),
    ]

    for answer in answers:
        assert answer.status_code == 200
        assert case_id in answer.text
        leaked = [word for word in ("planted", "81234567890", "35111", "5.412345", "105.312345") if word in answer.text]
        assert leaked == []


async def test_everybody_is_shown_the_middle_of_the_cell(door: Door) -> None:
    shown = await one(door, await door.report())

    cell = h3.latlng_to_cell(float(HERE["lat"]), float(HERE["long"]), 9)
    assert (shown["lat"], shown["long"]) == tuple(round(degrees, 5) for degrees in h3.cell_to_latlng(cell))
    assert (shown["description"], shown["address"], shown["zipcode"], shown["media_url"]) == (None, "", None, None)


async def test_the_cell_is_never_finer_than_that(door: Door) -> None:
    fine = Duplicates(resolution=12)
    finer = Policy.model_validate(dict(policy("open311-fine")) | {"duplicates": fine})
    await policies.publish(door.house.pool, finer)
    case_id = await door.report(jurisdiction_id="open311-fine")

    shown = await one(door, case_id, jurisdiction_id="open311-fine")
    cell = h3.cell_to_parent(h3.latlng_to_cell(float(HERE["lat"]), float(HERE["long"]), 12), 9)
    assert (shown["lat"], shown["long"]) == tuple(round(degrees, 5) for degrees in h3.cell_to_latlng(cell))


async def test_a_system_reads_what_it_handed_in_and_that_is_recorded(door: Door) -> None:
    case_id = await door.report(**PLANTED)
    (shown,) = checked(
        "service_requests", await door.get(f"/requests/{case_id}.json", api_key=door.key, extensions="true")
    )

    assert (shown["description"], shown["address"], shown["address_id"], shown["zipcode"]) == (
        "planted-text",
        "planted-street",
        "planted-address",
        "35111",
    )
    assert (shown["lat"], shown["long"], shown["media_url"]) == (-5.412345, 105.312345, PLANTED["media_url"])
    answered = {answer["code"]: answer["values"] for answer in shown["extended_attributes"]["attributes"]}
    assert answered == {"size": ["large"], "more": ["planted-answer"]}
    (read,) = await personal_reads.listing(door.house.pool, subject=case_id)
    assert (read.action, read.fields) == ("read-text", ("text", "place", "attributes"))


async def test_a_list_with_a_key_shows_and_records_alike(door: Door) -> None:
    case_id = await door.report(description="mine")
    (shown,) = checked(
        "service_requests", await door.get("/requests.json", service_request_id=case_id, api_key=door.key)
    )

    assert shown["description"] == "mine"
    assert len(await personal_reads.listing(door.house.pool, subject=case_id)) == 1


async def test_another_system_is_shown_what_everybody_is(door: Door) -> None:
    case_id = await door.report(**PLANTED)
    other = await new_key(door.house, "another-bridge")

    assert (await one(door, case_id, api_key=other)) == (await one(door, case_id))
    assert await personal_reads.listing(door.house.pool, subject=case_id) == []


async def test_an_operator_reads_the_reports_of_the_agency(door: Door) -> None:
    case_id = await door.report(zipcode="35111", description="for the agency")
    operator = door.house.as_("operator", agency="ROADS", offices=["operator@ROADS"])
    stranger = door.house.as_("operator", agency="SCHOOLS", offices=["operator@SCHOOLS"])

    assert (await one(door, case_id, headers=operator))["description"] == "for the agency"
    assert (await one(door, case_id, headers=stranger))["description"] is None


async def test_a_wrong_key_is_an_error_also_where_none_is_needed(door: Door) -> None:
    checked("errors", await door.get("/requests.json", api_key="kwl_nothing"), 403)


# ---- What is nobody's business


async def test_confidential_reports_are_shown_to_nobody_but_their_own(door: Door) -> None:
    case_id = await natively(door, identity=Identity.CONFIDENTIAL)
    own = await new_key(door.house, "counter")

    assert await unseen(door, case_id)
    assert await unseen(door, case_id, api_key=door.key)
    assert not await unseen(door, case_id, api_key=own)


async def test_whistle_blowing_is_shown_to_nobody_but_its_own(door: Door) -> None:
    accusing = await natively(door, category="report", respondent="ROADS")
    accusing_nobody = await natively(door, category="report")
    handed_in_here = await door.report(service_code="report")

    assert await unseen(door, accusing)
    assert await unseen(door, accusing_nobody)
    assert await unseen(door, handed_in_here)
    assert not await unseen(door, handed_in_here, api_key=door.key)
    assert await unseen(door, accusing, headers=door.house.as_("operator", agency="ROADS"))


async def test_somebody_sees_their_own_confidential_report(door: Door) -> None:
    me, somebody = door.house.as_("reporter"), door.house.as_("reporter")
    case_id = await door.report(api_key=None, headers=me, service_code="report", description="planted-text")

    assert await unseen(door, case_id)
    assert await unseen(door, case_id, headers=somebody)
    assert (await one(door, case_id, headers=me))["description"] == "planted-text"


async def test_whistle_blowing_that_is_not_routed_yet_is_shown_to_nobody(door: Door) -> None:
    given = Intake(channel="counter", category="report", text="not yet", respondent="ROADS")
    accepted = await door.house.gateway.cases.accept(given, policy_name=JURISDICTION)

    assert await unseen(door, accepted.case_id)


async def test_no_list_holds_them(door: Door) -> None:
    hidden = {
        await natively(door, identity=Identity.CONFIDENTIAL),
        await natively(door, category="report", respondent="ROADS"),
        await door.report(service_code="report"),
    }
    listed = checked("service_requests", await door.get("/requests.json"))
    own = checked("service_requests", await door.get("/requests.json", api_key=door.key))

    assert not hidden & {request["service_request_id"] for request in listed}
    assert len(hidden & {request["service_request_id"] for request in own}) == 1


async def test_a_category_that_was_whistle_blowing_once_stays_hidden(door: Door) -> None:
    """What was handed in under an older version is judged by that version."""
    word = new_word()
    secret = Category(code=word, name="Secret", place_required=False, bypasses_respondent=True)
    before = dict(policy("open311-open")) | {"categories": (secret,), "routes": (), "services": ()}
    await policies.publish(door.house.pool, Policy.model_validate(before))
    given = Intake(channel="counter", category=word, text="old")
    accepted = await door.house.gateway.cases.accept(given, policy_name="open311-open")
    now = before | {"categories": (secret.model_copy(update={"bypasses_respondent": False}),)}
    await policies.publish(door.house.pool, Policy.model_validate(now))

    assert await unseen(door, accepted.case_id, jurisdiction_id="open311-open")


async def test_what_a_service_prepares_for_somebody_is_no_report(door: Door) -> None:
    handle = await door.house.kawal.open(door.policy, service="papers")

    assert await unseen(door, handle.id)


# ---- How it stands


async def test_a_report_is_there_before_it_is_routed(door: Door) -> None:
    given = Intake(channel="counter", category="road", text="a moment ago")
    accepted = await door.house.gateway.cases.accept(given, policy_name=JURISDICTION)

    shown = await one(door, accepted.case_id)
    assert (shown["status"], shown["agency_responsible"], shown["expected_datetime"]) == ("open", None, None)
    assert shown["status_notes"].count(" / ") == 1


async def test_a_late_report_says_so_and_how_far_it_has_climbed(door: Door) -> None:
    handle = await door.house.kawal.open(door.policy)
    before = await one(door, handle.id)
    case = await door.house.kawal.pass_time(handle, timedelta(days=11))

    shown = await one(door, handle.id, extensions="true")
    assert "Head of division" not in before["status_notes"]
    assert "naik ke tingkat 1: Head of division; batas waktu terlewati / " in shown["status_notes"]
    assert shown["status_notes"].endswith("escalated to level 1: Head of division; a deadline has passed")
    assert case.due is not None
    assert (shown["status"], shown["agency_responsible"]) == ("open", "Roads")
    assert shown["expected_datetime"] == case.due.at.strftime(MOMENT) != before["expected_datetime"]
    extended = shown["extended_attributes"]
    assert (extended["level"], extended["level_title"], extended["late"]) == (1, "Head of division", True)
    assert [note["type"] for note in extended["notes"]][-2:] == ["breached", "escalated"]


async def test_an_answered_report_is_closed(door: Door) -> None:
    case_id = await door.report(zipcode="35111")
    await door.house.gateway.cases.send(case_id, making.respond(agency="ROADS"), text="planted-answer")
    case = await door.house.kawal.stored(case_id)

    shown = await one(door, case_id, extensions="true")
    assert case.answered_at is not None
    assert (shown["status"], shown["updated_datetime"]) == ("closed", case.answered_at.strftime(MOMENT))
    assert "planted-answer" not in str(shown)
    closed = checked("service_requests", await door.get("/requests.json", status="closed"))
    opened = checked("service_requests", await door.get("/requests.json", status="open"))
    assert case_id in {request["service_request_id"] for request in closed}
    assert case_id not in {request["service_request_id"] for request in opened}


async def test_a_report_outside_our_authority_says_whom_to_turn_to(door: Door) -> None:
    shown = await one(door, await door.report(service_code="police"))

    assert shown["service_notice"] == "Anda juga dapat menghubungi: Police / You can also turn to: Police"


# ---- Which


async def test_reports_are_found_by_service(door: Door) -> None:
    road, school = await door.report(), await door.report(service_code="school")
    found = checked("service_requests", await door.get("/requests.json", service_code="school,orphan"))

    ids = {request["service_request_id"] for request in found}
    assert school in ids
    assert road not in ids


async def test_reports_are_found_by_when_they_were_made(door: Door) -> None:
    case_id = await door.report()
    (shown,) = checked("service_requests", await door.get(f"/requests/{case_id}.json"))
    made = datetime.strptime(shown["requested_datetime"], MOMENT).replace(tzinfo=UTC)

    async def found(since: datetime | None, until: datetime | None) -> bool:
        dates = {"start_date": since and since.strftime(MOMENT), "end_date": until and until.strftime(MOMENT)}
        asked = {name: date for name, date in dates.items() if date}
        listed = checked("service_requests", await door.get("/requests.json", **asked))
        return case_id in {request["service_request_id"] for request in listed}

    assert await found(made, made + timedelta(seconds=1))
    assert await found(made, None)
    assert await found(None, None)
    assert not await found(made + timedelta(seconds=1), None)
    assert not await found(None, made - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-04-01T00:00:01Z"}, "start_date"),
        ({"start_date": "2026-02-01T00:00:00Z", "end_date": "2026-01-01T00:00:00Z"}, "end_date"),
        ({"start_date": "2026-02-01T00:00:00"}, "start_date"),
        ({"end_date": "soon"}, "end_date"),
        ({"end_date": "9999-12-31T23:59:59Z"}, "end_date"),
        ({"status": "lost"}, "status"),
        ({"page": "0"}, "page"),
        ({"page_size": "1001"}, "page_size"),
        ({"page_size": "many"}, "page_size"),
        ({"service_request_id": ",".join(["a"] * 1001)}, "service_request_id"),
    ],
    ids=lambda part: part if isinstance(part, str) else None,
)
async def test_what_cannot_be_looked_for_is_named(door: Door, query: dict[str, str], named: str) -> None:
    (error,) = checked("errors", await door.get("/requests.json", **query), 400)

    assert error["description"].startswith(f"{named}: ")


async def test_ninety_days_with_a_zone_are_one_look(door: Door) -> None:
    dates = {"start_date": "2026-01-01T07:00:00+07:00", "end_date": "2026-04-01T00:00:00Z"}

    checked("service_requests", await door.get("/requests.json", **dates))


async def test_a_list_comes_in_pages_the_latest_first(door: Door) -> None:
    made = [await door.report(service_code="advice") for _ in range(3)]
    pages = [
        checked("service_requests", await door.get("/requests.json", service_code="advice", page_size=2, page=page))
        for page in (1, 2)
    ]

    assert [request["service_request_id"] for request in (*pages[0], *pages[1])][:3] == made[::-1]
    assert len(pages[0]) == 2


# ---- Where


async def test_a_jurisdiction_that_there_is_not_is_not_found(door: Door) -> None:
    for path in ("/services.json", "/services/road.json", "/requests.json"):
        (error,) = checked("errors", await door.get(path, jurisdiction_id="moon"), 404)
        assert error["description"].startswith("jurisdiction_id: ")
    checked("errors", await door.post(jurisdiction_id="moon"), 404)


async def test_where_several_are_served_one_is_named(door: Door) -> None:
    await policies.publish(door.house.pool, policy("open311-two"))
    (error,) = checked("errors", await door.get("/services.json", jurisdiction_id=""), 400)

    assert error["description"].startswith("jurisdiction_id: ")


async def test_a_report_of_one_jurisdiction_is_none_of_another(door: Door) -> None:
    await policies.publish(door.house.pool, policy("open311-two"))
    case_id = await door.report()

    assert await unseen(door, case_id, jurisdiction_id="open311-two")
    assert not await unseen(door, case_id)
    assert (await door.get(f"/requests/{case_id}.json", jurisdiction_id="")).status_code == 200
