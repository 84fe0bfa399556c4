"""What is handed in over Open311 becomes a case; what is wrong with it is named; a retry is no second case."""

import asyncio
from typing import Any

import pytest

from schemas.access import Action
from schemas.complaint import Identity, Place
from schemas.person import Person
from storage import case_records, intake
from tests.open311.door import HERE, V2, Door, new_key, new_word
from tests.open311.rules import checked

ASKED = {"service_code": "hole/road", "attribute[size]": "large"}


async def test_all_that_is_handed_in_is_kept(door: Door) -> None:
    case_id = await door.report(
        **ASKED,
        **{"attribute[harms][]": ["foot", "wheel"], "attribute[metres]": "2.5"},
        description="Lubang dalam\nsekali <b>",
        address_string="Jalan Mawar 1",
        address_id="A-7",
        zipcode="35111",
        first_name="Siti",
        last_name="Contoh",
        email="siti@example.org",
        phone="0812-0000-0001",
        account_id="account-7",
        media_url="https://photos.example/1.jpg",
        device_id="tt222111",
    )

    kept = await intake.original(door.house.pool, case_id)
    assert kept is not None
    assert kept.text == "Lubang dalam\nsekali <b>"
    assert (kept.channel, kept.category, kept.region) == (door.channel, "hole/road", "north")
    assert kept.place == Place(latitude=-5.412345, longitude=105.312345)
    assert kept.reporter == Person(name="Siti Contoh", email="siti@example.org", phone="+6281200000001")
    assert kept.attributes == {
        "account_id": "account-7",
        "address_id": "A-7",
        "address_string": "Jalan Mawar 1",
        "harms": ("foot", "wheel"),
        "media_url": "https://photos.example/1.jpg",
        "metres": "2.5",
        "size": "large",
        "zipcode": "35111",
    }


async def test_a_report_is_routed_by_its_postal_code(door: Door) -> None:
    case_id = await door.report(zipcode="35111")

    case = await case_records.case(door.house.pool, case_id)
    assert case is not None
    assert (case.region, case.agency) == ("north", "ROADS")


@pytest.mark.parametrize("place", [HERE, {"address_string": "Jalan Mawar 1"}, {"address_id": "A-7"}], ids=list)
async def test_any_of_three_ways_says_where(door: Door, place: dict[str, Any]) -> None:
    answer = await door.post(**({"lat": None, "long": None} | place))

    checked("created", answer)


async def test_without_a_description_the_services_name_stands_for_it(door: Door) -> None:
    kept = await intake.original(door.house.pool, await door.report(description="  "))

    assert kept is not None
    assert kept.text == "Roads"


async def test_what_is_handed_in_about_misconduct_is_confidential(door: Door) -> None:
    kept = await intake.original(door.house.pool, await door.report(service_code="report"))

    assert kept is not None
    assert kept.identity is Identity.CONFIDENTIAL


WRONG: dict[str, tuple[dict[str, Any], list[str]]] = {
    "no place": ({"lat": None, "long": None}, ["lat"]),
    "half a place": ({"long": None}, ["long"]),
    "a place beyond the poles": ({"lat": "90.5"}, ["lat"]),
    "a place that is no number": ({"long": "nan"}, ["long"]),
    "no service": ({"service_code": None}, ["service_code"]),
    "an endless description": ({"description": "a" * 4001}, ["description"]),
    "no e-mail address": ({"email": "siti at example"}, ["email"]),
    "no phone number": ({"phone": "call me"}, ["phone"]),
    "an endless name": ({"first_name": "a" * 201}, ["first_name"]),
    "a script in place of a photo": ({"media_url": "javascript:alert(1)"}, ["media_url"]),
    "an address of the web with blanks": ({"media_url": "https://photos.example/1 2.jpg"}, ["media_url"]),
    "no text": ({"description": "a\x00b"}, ["description"]),
    "an id with blanks": ({"external_id": "7 8"}, ["external_id"]),
    "no answer to what is required": (ASKED | {"attribute[size]": None}, ["attribute[size]"]),
    "an answer that is not in the list": (ASKED | {"attribute[size]": "huge"}, ["attribute[size]"]),
    "two answers where one fits": (ASKED | {"attribute[size]": ["small", "large"]}, ["attribute[size]"]),
    "one of several answers that is not in the list": (
        ASKED | {"attribute[harms][]": ["foot", "x"]},
        ["attribute[harms]"],
    ),
    "no number": (ASKED | {"attribute[metres]": "wide"}, ["attribute[metres]"]),
    "an endless number": (ASKED | {"attribute[metres]": "inf"}, ["attribute[metres]"]),
    "no moment": (ASKED | {"attribute[since]": "yesterday"}, ["attribute[since]"]),
    "two lines for one": (ASKED | {"attribute[sign]": "a\nb"}, ["attribute[sign]"]),
    "an endless text": (ASKED | {"attribute[more]": "a" * 4001}, ["attribute[more]"]),
    "an answer to what is not asked": ({"attribute[colour]": "red"}, ["attribute[colour]"]),
    "many mistakes": (
        ASKED | {"attribute[size]": None, "lat": "x", "email": "y", "description": "a" * 4001},
        ["description", "attribute[size]", "lat", "email"],
    ),
}


@pytest.mark.parametrize("name", WRONG)
async def test_what_is_wrong_is_named_and_never_repeated(door: Door, name: str) -> None:
    fields, named = WRONG[name]
    errors = checked("errors", await door.post(**fields), 400)

    assert [error["description"].partition(": ")[0] for error in errors] == named
    told = " ".join(error["description"] for error in errors)
    assert not [value for value in ("siti at", "call me", "javascript", "yesterday", "huge") if value in told]


async def test_a_service_that_there_is_not_is_not_found(door: Door) -> None:
    checked("errors", await door.post(service_code="moon"), 404)


async def test_a_form_in_parts_is_read_too(door: Door) -> None:
    fields = {"api_key": door.key, "jurisdiction_id": door.policy.name, "service_code": "road", **HERE}
    parts = {name: (None, value) for name, value in fields.items()}

    checked("created", await door.house.http.post(f"{V2}/requests.json", files=parts))


async def test_a_file_is_refused_rather_than_lost(door: Door) -> None:
    fields = {"api_key": door.key, "jurisdiction_id": door.policy.name, "service_code": "road", **HERE}
    answer = await door.house.http.post(f"{V2}/requests.json", data=fields, files={"media": ("a.png", b"photo")})

    (error,) = checked("errors", answer, 400)
    assert error["description"].startswith("media: ")


async def test_what_is_no_form_is_refused(door: Door) -> None:
    answer = await door.house.http.post(f"{V2}/requests.json", json={"service_code": "road"})

    (error,) = checked("errors", answer, 400)
    assert error["description"].startswith("Content-Type: ")


@pytest.mark.parametrize("size", [300_000, 2_000_000])
async def test_a_form_without_end_is_refused(door: Door, size: int) -> None:
    checked("errors", await door.post(more="a" * size), 413)


# ---- Who may


async def test_without_a_key_nothing_is_handed_in(door: Door) -> None:
    (error,) = checked("errors", await door.post(api_key=None), 403)

    assert error["description"].startswith("api_key: ")


async def test_with_a_wrong_key_nothing_is_handed_in_and_the_key_is_not_repeated(door: Door) -> None:
    wrong = f"kwl_{'a' * 10}_{'b' * 43}"
    (error,) = checked("errors", await door.post(api_key=wrong), 403)

    assert wrong not in error["description"]


async def test_a_key_that_only_looks_hands_nothing_in(door: Door) -> None:
    looks = await new_key(door.house, "bridge", scopes={Action.SEE})

    checked("errors", await door.post(api_key=looks), 403)


async def test_people_of_agencies_hand_nothing_in(door: Door) -> None:
    headers = door.house.as_("operator", agency="ROADS", offices=["operator@ROADS"])

    checked("errors", await door.post(api_key=None, headers=headers), 403)


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
async def test_a_key_may_come_in_a_header(door: Door, header: str) -> None:
    value = f"Bearer {door.key}" if header == "Authorization" else door.key

    checked("created", await door.post(api_key=None, headers={header: value}))


async def test_a_key_may_come_in_the_query(door: Door) -> None:
    form = {"jurisdiction_id": door.policy.name, "service_code": "road", **HERE}
    answer = await door.house.http.post(f"{V2}/requests.json", params={"api_key": door.key}, data=form)

    checked("created", answer)


async def test_somebody_in_person_reports_by_a_token(door: Door) -> None:
    account = f"citizen-{new_word()}"
    headers = door.house.as_("reporter", id=account)
    created = checked("created", await door.post(api_key=None, headers=headers, first_name="Siti"))
    case_id = created[0]["service_request_id"]

    kept = await intake.original(door.house.pool, case_id)
    assert kept is not None
    assert (kept.channel, kept.reporter) == ("open311", Person(account=account, name="Siti"))
    assert await intake.reported_by(door.house.pool, case_id) == account


# ---- Again


async def test_the_same_key_again_is_the_same_report(door: Door) -> None:
    word = new_word()
    answers = [await door.post(headers={"Idempotency-Key": word}, description="once") for _ in range(3)]

    assert len({checked("created", answer)[0]["service_request_id"] for answer in answers}) == 1


async def test_the_same_key_at_the_same_time_is_the_same_report(door: Door) -> None:
    word = new_word()
    answers = await asyncio.gather(*(door.post(headers={"Idempotency-Key": word}) for _ in range(8)))

    assert len({checked("created", answer)[0]["service_request_id"] for answer in answers}) == 1


async def test_a_key_of_another_call_is_refused(door: Door) -> None:
    word = new_word()
    await door.post(headers={"Idempotency-Key": word}, description="one")

    (error,) = checked("errors", await door.post(headers={"Idempotency-Key": word}, description="two"), 400)
    assert error["description"].startswith("Idempotency-Key: ")


async def test_a_refused_call_uses_up_no_key(door: Door) -> None:
    word = new_word()
    checked("errors", await door.post(headers={"Idempotency-Key": word}, lat="x"), 400)

    checked("created", await door.post(headers={"Idempotency-Key": word}))


async def test_a_clients_own_id_is_one_report(door: Door) -> None:
    word = new_word()
    ids = [checked("created", await door.post(external_id=word))[0]["service_request_id"] for _ in range(2)]

    assert len(set(ids)) == 1


async def test_two_calls_without_a_key_are_two_reports(door: Door) -> None:
    ids = [checked("created", await door.post(description="the same"))[0]["service_request_id"] for _ in range(2)]

    assert len(set(ids)) == 2


async def test_somebody_in_person_has_no_id_of_a_system(door: Door) -> None:
    headers = door.house.as_("reporter")

    checked("errors", await door.post(api_key=None, headers=headers, external_id="7"), 400)
