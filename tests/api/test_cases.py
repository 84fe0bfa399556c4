"""How a case stands and what happened to it, for each caller as much as is theirs."""

from datetime import timedelta

import pytest

from domain.ledger import broken_at
from storage import case_records
from tests.api.handing_in import POLICY, case_of, done, hand_in, operator, say, superior
from tests.api.house import House
from tests.kawal import Kawal


async def test_a_reporter_sees_how_the_own_case_stands_and_nobody_elses(house: House) -> None:
    me = house.as_("reporter")
    case_id = await case_of(house, me)
    answer = await house.http.get(f"/v1/cases/{case_id}", headers=me)
    case = answer.json()
    assert (answer.status_code, answer.headers["ETag"], case["seq"]) == (200, '"2"', 2)
    assert (case["status"], case["agency"], case["owners"]) == ("assigned", "ROADS", ["operator@ROADS"])
    for stranger in (house.as_("reporter"), house.as_("system", channel="lapor")):
        assert (await house.http.get(f"/v1/cases/{case_id}", headers=stranger)).status_code == 404


async def test_a_case_is_told_in_plain_words_of_both_languages(house: House) -> None:
    me = house.as_("reporter")
    words = (await house.http.get(f"/v1/cases/{await case_of(house, me)}", headers=me)).json()["words"]
    assert words["status"] == {"id": "ditugaskan", "en": "assigned"}
    assert words["level_clock"]["en"].startswith("Due on 20")
    assert words["level_clock"]["en"].endswith(" UTC.")
    assert words["statutory_clock"]["id"].startswith("Batas waktu: 20")
    assert "operator@ROADS is warned on" in words["what_next"]["en"]
    assert "operator@ROADS diingatkan pada" in words["what_next"]["id"]


async def test_nothing_internal_is_told_outside_the_government(house: House) -> None:
    me, place = house.as_("reporter"), {"latitude": -5.21, "longitude": 105.21}
    first = await case_of(house, house.as_("reporter"), place=place)
    case_id = await case_of(house, me, place=place)
    outside = (await house.http.get(f"/v1/cases/{case_id}", headers=me)).json()
    inside = (await house.http.get(f"/v1/cases/{case_id}", headers=operator(house))).json()
    internal = ("watchers", "bypassed", "possible_duplicates", "ledger", "suggested_addressee")
    assert [outside[name] for name in internal] == [None] * 5
    assert inside["watchers"] == ["operator@ROADS"]
    assert inside["possible_duplicates"] == [first]
    assert inside["ledger"]["length"] == 0
    told = (await house.http.get(f"/v1/cases/{case_id}/timeline", headers=me)).text
    assert first not in told


async def test_a_possible_duplicate_that_accuses_an_agency_is_a_secret_from_it(house: House) -> None:
    place = {"latitude": -5.31, "longitude": 105.31}
    hidden = await case_of(
        house, house.as_("reporter"), place=place, category="report", respondent="ROADS", region=None
    )
    case_id = await case_of(house, house.as_("reporter"), place=place, category="report", region=None)
    inside = await house.http.get(f"/v1/cases/{case_id}", headers=operator(house, "INSPECTORATE", "officer"))
    assert inside.json()["possible_duplicates"] == [hidden]
    await done(house, superior(house, "INSPECTORATE"), case_id, "transfer", agency="ROADS", reason="wrong-agency")
    theirs = await house.http.get(f"/v1/cases/{case_id}", headers=operator(house))
    assert theirs.status_code == 200
    assert theirs.json()["possible_duplicates"] == []


async def test_messages_that_are_offered_are_those_that_the_caller_may_send(house: House) -> None:
    app, reporter = house.as_("system", channel="super-app"), house.as_("reporter", id="offered-to")
    at_work, above, auditor = operator(house), superior(house), house.as_("auditor")
    case_id = await case_of(house, app, reporter={"account": "offered-to"})
    for kind, senders in {
        "withdraw": [reporter, app],
        "respond": [at_work, above],
        "extend": [above],
        "recalculate": [],
    }.items():
        for who in (app, reporter, at_work, above, auditor):
            offered = (await house.http.get(f"/v1/cases/{case_id}", headers=who)).json()["messages"]
            assert (kind in offered) == (who in senders), kind


async def test_nothing_is_sent_again_while_nothing_has_happened(house: House) -> None:
    me = house.as_("reporter")
    case_id = await case_of(house, me)
    tag = (await house.http.get(f"/v1/cases/{case_id}", headers=me)).headers["ETag"]
    same = await house.http.get(f"/v1/cases/{case_id}", headers=me | {"If-None-Match": tag})
    assert (same.status_code, same.headers["ETag"], same.content) == (304, tag, b"")
    await done(house, operator(house), case_id, "note")
    assert (await house.http.get(f"/v1/cases/{case_id}", headers=me | {"If-None-Match": tag})).status_code == 200


async def test_an_agency_that_has_nothing_to_do_with_a_case_is_told_403_and_of_a_hidden_one_404(house: House) -> None:
    plain = await case_of(house, house.as_("reporter"))
    secret = await case_of(house, house.as_("reporter"), identity="confidential")
    other = operator(house, "SCHOOLS")
    for path in ("", "/timeline", "/ledger", "/text", "/reporter", "/events"):
        assert (await house.http.get(f"/v1/cases/{plain}{path}", headers=other)).status_code == 403, path
        assert (await house.http.get(f"/v1/cases/{secret}{path}", headers=other)).status_code == 404, path


async def test_nothing_of_a_whistle_blowing_report_is_told_to_the_accused_agency(house: House) -> None:
    case_id = await case_of(house, house.as_("reporter"), category="report", respondent="ROADS")
    for accused in (operator(house), superior(house)):
        for path in ("", "/timeline", "/ledger", "/text", "/reporter", "/events"):
            assert (await house.http.get(f"/v1/cases/{case_id}{path}", headers=accused)).status_code == 404, path
        assert (await say(house, accused, case_id, "note")).status_code == 404


async def test_a_reporter_sees_which_agency_did_something_and_nobodys_account(house: House) -> None:
    me = house.as_("reporter", id="the-reporter")
    case_id = await case_of(house, me)
    await done(house, operator(house, id="an-operator"), case_id, "ask", text="Which lane?")
    await done(house, me, case_id, "provide", text="The left one.")
    await done(house, superior(house), case_id, "extend", by="1 day", reason="flood")

    answer = await house.http.get(f"/v1/cases/{case_id}/timeline", headers=me)
    told = {line["kind"]: line["actor"] for line in answer.json()["items"]}
    assert told["received"] == {"role": "engine", "agency": None, "account": None}
    assert told["asked"] == {"role": "agency", "agency": "ROADS", "account": None}
    assert told["provided"] == {"role": "reporter", "agency": None, "account": None}
    assert told["extended"] == {"role": "superior", "agency": None, "account": None}
    assert "an-operator" not in answer.text

    answer = await house.http.get(f"/v1/cases/{case_id}/timeline", headers=operator(house))
    told = {line["kind"]: line["actor"] for line in answer.json()["items"]}
    assert told["asked"]["account"] == "an-operator"
    assert "the-reporter" not in answer.text
    assert not any(text in answer.text for text in ("Which lane", "The left", "Siti"))


async def test_the_agency_of_a_line_is_the_one_that_had_the_case_then(house: House) -> None:
    me = house.as_("reporter")
    case_id = await case_of(house, me)
    await done(house, operator(house), case_id, "transfer", agency="SCHOOLS", reason="wrong-agency")
    await done(house, operator(house, "SCHOOLS"), case_id, "coordinate", agencies=["ROADS", "SCHOOLS"])
    await done(house, operator(house), case_id, "note")
    await done(house, operator(house), case_id, "respond")
    items = (await house.http.get(f"/v1/cases/{case_id}/timeline", headers=me)).json()["items"]
    told = [(line["kind"], line["actor"]["agency"]) for line in items[2:]]
    assert told == [("transferred", "ROADS"), ("coordinated", "SCHOOLS"), ("noted", None), ("part answered", "ROADS")]


async def test_a_refused_message_tells_a_reporter_nothing_of_whoever_was_faster(house: House) -> None:
    me = house.as_("reporter")
    case_id = await case_of(house, me)
    await house.kawal.in_real_time.handle(case_id).signal("nonsense", {"of": "nobody"})
    await done(house, operator(house), case_id, "note")  # which comes after it
    path = f"/v1/cases/{case_id}/timeline"
    outside, inside = [
        next(line for line in (await house.http.get(path, headers=who)).json()["items"] if "refused" in line["kind"])
        for who in (me, operator(house))
    ]
    assert (outside["detail"], outside["actor"]["account"]) == ({}, None)
    assert inside["detail"]["message"] == "nonsense"


async def test_the_ledger_is_for_the_agency_and_says_whether_its_chain_holds(house: House, kawal: Kawal) -> None:
    handle = await kawal.open(POLICY)
    await kawal.pass_time(handle, timedelta(days=11))
    path = f"/v1/cases/{handle.id}/ledger"
    shown = (await house.http.get(path, headers=superior(house))).json()
    assert len(shown["entries"]) == 1
    assert (shown["broken_at"], shown["head"]) == (None, shown["entries"][-1]["hash"])

    async with kawal.pool.acquire() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")  # as nobody should be able to
        await connection.execute("update sanction_ledger set points = points + 1 where case_id = $1", handle.id)
    assert broken_at(await case_records.ledger(kawal.pool, handle.id)) == 1
    assert (await house.http.get(path, headers=house.as_("auditor"))).json()["broken_at"] == 1


async def test_reporters_and_systems_do_not_see_sanctions(house: House) -> None:
    me, app = house.as_("reporter", id="accuser"), house.as_("system")
    case_id = await case_of(house, app, reporter={"account": "accuser"})
    for who in (me, app):
        assert (await house.http.get(f"/v1/cases/{case_id}/ledger", headers=who)).status_code == 403


@pytest.mark.parametrize("path", ["", "/timeline", "/ledger", "/text", "/reporter", "/events"])
async def test_there_is_no_case_that_there_is_not(house: House, path: str) -> None:
    answer = await house.http.get(f"/v1/cases/K999999-NOTHERE{path}", headers=house.as_("auditor"))
    assert answer.status_code in (403, 404)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["", "/timeline", "/ledger", "/text", "/reporter", "/events"])
async def test_nobody_sees_anything_without_a_token(house: House, path: str) -> None:
    answer = await hand_in(house, house.as_("reporter"))
    assert (await house.http.get(f"/v1/cases/{answer.json()['case_id']}{path}")).status_code == 401
