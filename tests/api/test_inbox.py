"""An office finds over HTTP what it has to act on, and nothing that is hidden from its agency."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from schemas.case import CommitRequest, TransitionKind
from schemas.status import Status
from storage import case_records
from tests.api.house import House
from tests.gateway.telling import case, deadline, happened

_NUMBERS = count(1)
HOUR = timedelta(hours=1)


def an_agency() -> str:
    """Return an agency that no other test knows."""
    return f"INBOX-{next(_NUMBERS)}"


async def stands(house: House, case_id: str, **changes: Any) -> None:
    """Commit how a case stands."""
    request = CommitRequest(case=case(case_id, **({"seq": 1} | changes)), transitions=(happened(TransitionKind.NOTED),))
    assert (await case_records.commit(house.pool, request)).written


async def read(house: House, headers: dict[str, str], **params: Any) -> dict[str, Any]:
    answer = await house.http.get("/v1/inbox", headers=headers, params=params)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def ids(page: dict[str, Any]) -> list[str]:
    return [line["case_id"].rpartition("_")[2] for line in page["cases"]]


async def test_all_offices_that_somebody_holds_are_one_inbox(house: House) -> None:
    agency, now = an_agency(), datetime.now(UTC)
    desk, field, other = (f"{role}@{agency}" for role in ("desk", "field", "other"))
    await stands(house, f"{agency}_late", owners=(desk,), watchers=(desk,), due=deadline(now - HOUR))
    await stands(house, f"{agency}_soon", owners=(field,), watchers=(field,), due=deadline(now + HOUR))
    await stands(house, f"{agency}_gone", owners=(other,), watchers=(desk, other), due=deadline(now + HOUR))
    await stands(house, f"{agency}_strange", owners=(other,), watchers=(other,), due=deadline(now + HOUR))
    me = house.as_("operator", agency=agency, offices=[desk, field])

    mine = await read(house, me)
    assert ids(mine) == ["late", "soon"]
    assert mine["counts"] == {"owned": 2, "overdue": 1, "seen": 1}
    assert [line["overdue"] for line in mine["cases"]] == [True, False]
    assert ids(await read(house, me, seen=True)) == ["late", "soon", "gone"]
    assert ids(await read(house, me, office=field)) == ["soon"]

    superior = house.as_("superior", agency=agency, offices=[f"head@{agency}"])
    whole = await read(house, superior, agency=agency)
    assert sorted(ids(whole)) == ["gone", "late", "soon", "strange"]
    assert whole["offices"] == [desk, field, other]
    assert ids(await read(house, superior)) == []
    assert sorted(ids(await read(house, house.as_("auditor"), agency=agency))) == ["gone", "late", "soon", "strange"]


async def test_filters_leave_some_and_the_counts_are_of_these(house: House) -> None:
    agency, now = an_agency(), datetime.now(UTC)
    desk = f"desk@{agency}"
    mine = {"owners": (desk,), "watchers": (desk,)}
    await stands(house, f"{agency}_a", category="water", due=deadline(now - HOUR), **mine)
    await stands(house, f"{agency}_b", category="water", region="south", level=2, due=deadline(now + HOUR), **mine)
    await stands(house, f"{agency}_c", status=Status.ON_HOLD, **mine)
    me = house.as_("operator", agency=agency, offices=[desk])
    for params, found, overdue in (
        ({"category": "water"}, ["a", "b"], 1),
        ({"region": "south"}, ["b"], 0),
        ({"level": 2}, ["b"], 0),
        ({"status": "on hold"}, ["c"], 0),
        ({"overdue": True}, ["a"], 1),
        ({"overdue": False}, ["b", "c"], 0),
    ):
        page = await read(house, me, **params)
        assert ids(page) == found, params
        assert page["counts"] == {"owned": len(found), "overdue": overdue, "seen": 0}


async def test_pages_follow_one_another_and_leave_nothing_out(house: House) -> None:
    agency, now = an_agency(), datetime.now(UTC)
    desk, other = f"desk@{agency}", f"other@{agency}"
    names = [*(f"late{n}" for n in range(3)), *(f"due{n}" for n in range(3)), "rests0", "rests1", "seen0", "seen1"]
    for n, name in enumerate(names):
        due = {"late": now - 2 * HOUR, "due": now + HOUR}.get(name[:-1])
        clock: dict[str, Any] = {"due": deadline(due + n * timedelta(minutes=1))} if due else {"status": Status.ON_HOLD}
        owners = (other,) if name.startswith("seen") else (desk,)
        await stands(house, f"{agency}_{name}", owners=owners, watchers=(desk,), **clock)
    await stands(house, f"{agency}_top", owners=(desk,), watchers=(desk,), status=Status.IN_PROGRESS)
    me = house.as_("operator", agency=agency, offices=[desk])
    found: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(6):
        page = await read(house, me, seen=True, limit=2, **cursor)
        found += ids(page)
        assert page["counts"] == {"owned": 9, "overdue": 4, "seen": 2}
        cursor = {"cursor": page["next"]}
        if page["next"] is None:
            break
    assert found == ["top", *names]
    assert (await house.http.get("/v1/inbox", headers=me, params={"cursor": "nonsense"})).status_code == 422


async def test_an_agency_finds_nothing_of_what_accuses_it(house: House) -> None:
    agency, judge = an_agency(), an_agency()
    desk, head = f"desk@{agency}", f"head@{judge}"
    await stands(house, f"{agency}_whistle", owners=(head,), watchers=(desk, head), bypassed=agency)
    await stands(house, f"{agency}_odd", owners=(desk,), watchers=(desk,), bypassed=agency)
    nothing = {"owned": 0, "overdue": 0, "seen": 0}
    for who, params in (
        (house.as_("operator", agency=agency, offices=[desk]), {"seen": True}),
        (house.as_("superior", agency=agency, offices=[f"head@{agency}"]), {"agency": agency, "seen": True}),
        (house.as_("auditor"), {"agency": agency, "seen": True}),
    ):
        page = await read(house, who, **params)
        assert (page["cases"], page["counts"]) == ([], nothing)
    judging = await read(house, house.as_("operator", agency=judge, offices=[head]))
    assert ids(judging) == ["whistle"]


async def test_others_are_told_no(house: House) -> None:
    agency = an_agency()
    operator = house.as_("operator", agency=agency, offices=[f"desk@{agency}"])
    for headers, params, status in (
        ({}, {}, 401),
        (house.as_("reporter"), {}, 403),
        (house.as_("reporter"), {"office": f"desk@{agency}"}, 404),
        (operator, {"office": f"head@{agency}"}, 403),
        (operator, {"agency": agency}, 403),
        (house.as_("superior", agency="ELSEWHERE"), {"agency": agency}, 403),
        (house.as_("auditor"), {}, 422),
        (operator, {"office": f"desk@{agency}", "agency": agency}, 422),
        (operator, {"office": "no office"}, 422),
        (operator, {"limit": 0}, 422),
    ):
        answer = await house.http.get("/v1/inbox", headers=headers, params=params)
        assert answer.status_code == status, (params, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
