"""Lists hold what a caller may see of all cases, no more and no less, a page at a time."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from domain import access
from schemas.access import Action, Caller, CallerRole
from schemas.case import CaseView, ClockView, CommitRequest, PartView, TransitionKind
from schemas.complaint import Identity
from schemas.status import Status
from storage import case_records, case_search
from storage.case_search import Position, Wanted
from storage.database import Pool
from tests.api.handing_in import case_of, done, hand_in, operator
from tests.api.house import House, key
from tests.gateway.telling import case, deadline, happened
from tests.making import NOON

AGENCIES = ("LISTED-A", "LISTED-B", "LISTED-C")
ROLES = ("operator", "head")
CHANNELS = ("list-app", "list-counter")


def an_office(chance: random.Random) -> str:
    return f"{chance.choice(ROLES)}@{chance.choice(AGENCIES)}"


def a_case(number: int, chance: random.Random) -> CaseView:
    """Return a case that stands somehow."""
    parts = [
        PartView(agency=chance.choice(AGENCIES), level=0, holder=an_office(chance), clock=None, answered_at=None)
        for _ in range(chance.choice((0, 0, 0, 2)))
    ]
    return case(
        f"listed-{number}",
        seq=1,
        agency=chance.choice((*AGENCIES, None)),
        channel=chance.choice(CHANNELS),
        owners=tuple(an_office(chance) for _ in range(chance.choice((0, 1, 2)))),
        watchers=tuple(an_office(chance) for _ in range(chance.choice((0, 1, 3)))),
        parts=tuple(parts),
        identity=chance.choice(tuple(Identity)),
        bypassed=chance.choice((None, None, *AGENCIES)),
        opened_at=NOON - timedelta(minutes=chance.randrange(50)),
        closed_at=chance.choice((None, NOON)),
    )


async def stands(pool: Pool, stood: CaseView) -> CaseView:
    """Commit how a case stands after its first transition."""
    commit = CommitRequest(case=stood, transitions=(happened(TransitionKind.NOTED, stood.seq),))
    assert (await case_records.commit(pool, commit)).written
    return stood


@pytest.fixture(scope="module")
async def generated(pool: Pool) -> list[CaseView]:
    chance = random.Random(20261123)
    return [await stands(pool, a_case(number, chance)) for number in range(150)]


def callers() -> Iterator[Caller]:
    """Yield somebody of every role, agency, and set of offices."""
    for role in (CallerRole.OPERATOR, CallerRole.SUPERIOR):
        for agency in (*AGENCIES, "LISTED-NOBODY", None):
            for offices in ((), (f"operator@{agency}",), (f"operator@{agency}", f"head@{agency}")):
                yield Caller(id="a", role=role, agency=agency, offices=offices if agency else offices[:0])
    yield from (Caller(id="a", role=CallerRole.SYSTEM, channel=channel) for channel in (*CHANNELS, "list-none", None))
    yield from (Caller(id="a", role=role) for role in CallerRole if role is not CallerRole.SYSTEM)
    yield Caller(id="a", role=CallerRole.OPERATOR, offices=("operator@LISTED-A",))


def named(who: Caller) -> str:
    return f"{who.role}-{who.agency}-{len(who.offices)}-{who.channel}"


@pytest.mark.parametrize("caller", [*callers()], ids=named)
async def test_the_database_shows_in_lists_what_the_access_table_shows_of_one_case(
    pool: Pool, generated: list[CaseView], caller: Caller
) -> None:
    allowed = {
        one.case_id
        for one in generated
        if access.verdict(caller, Action.SEE, access.relation_to_case(caller, one, None)) is access.Verdict.ALLOWED
    }
    listed, counted = set(), 0
    for channel in CHANNELS:
        wanted = Wanted(channel=channel)
        found = await case_search.found(pool, caller, wanted, NOON, None, 1000)
        listed |= {one.case.case_id for one in found}
        counted += await case_search.count(pool, caller, wanted, NOON)
    assert listed == allowed
    assert counted == len(allowed)


INSIDE = (CallerRole.OPERATOR, CallerRole.SUPERIOR, CallerRole.AUDITOR)
"""Who is told of cases that may be the same."""


@pytest.mark.parametrize("caller", [who for who in callers() if who.role in INSIDE], ids=named)
async def test_cases_whose_existence_is_a_secret_are_named_to_nobody_from_whom_it_is_one(
    pool: Pool, generated: list[CaseView], caller: Caller
) -> None:
    secret = {
        one.case_id
        for one in generated
        if access.verdict(caller, Action.SEE, access.relation_to_case(caller, one, None)) is access.Verdict.HIDDEN
    }
    known = await case_search.known_among(pool, caller, [one.case_id for one in generated])
    assert known.isdisjoint(secret)
    assert known | secret == {one.case_id for one in generated}


async def pages(house: House, who: dict[str, str], **asked: object) -> list[list[str]]:
    """Turn all pages of a list; return the cases' ids, page by page."""
    turned, cursor = [], None
    while True:
        params = {name: str(value) for name, value in asked.items()} | ({"cursor": cursor} if cursor else {})
        answer = await house.http.get("/v1/cases", headers=who, params=params)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        turned.append([one["case_id"] for one in page["cases"]])
        cursor = page["next"]
        if cursor is None:
            return turned


async def test_pages_hold_every_case_once_the_latest_first(house: House, generated: list[CaseView]) -> None:
    app = house.as_("system", channel=CHANNELS[0])
    mine = sorted(
        (one for one in generated if one.channel == CHANNELS[0]), key=lambda one: (one.opened_at, one.case_id)
    )
    turned = await pages(house, app, limit=7)
    assert [one for page in turned for one in page] == [one.case_id for one in mine[::-1]]
    assert {len(page) for page in turned[:-1]} == {7}


async def test_cases_that_are_opened_meanwhile_shift_no_page(house: House) -> None:
    channel = key()["Idempotency-Key"]
    app = house.as_("system", channel=channel)

    async def open_at(minute: int) -> str:
        stood = case(f"{channel}-{minute}", seq=1, channel=channel, opened_at=NOON + timedelta(minutes=minute))
        return (await stands(house.pool, stood)).case_id

    before = [await open_at(minute) for minute in range(0, 10, 2)]
    first = (await house.http.get("/v1/cases", headers=app, params={"limit": 2})).json()
    await open_at(11)  # newer than all
    late = await open_at(3)  # accepted before, routed meanwhile: it lies on a page still to come
    rest = await pages(house, app, limit=2, cursor=first["next"])
    told = [one["case_id"] for one in first["cases"]] + [one for page in rest for one in page]
    assert told == [before[4], before[3], before[2], late, before[1], before[0]]


@pytest.mark.parametrize("cursor", ["nonsense", "bnVsbA", "eyJhIjoxfQ", "ä", ""])
async def test_a_cursor_that_is_none_is_refused(house: House, cursor: str) -> None:
    answer = await house.http.get("/v1/cases", headers=house.as_("auditor"), params={"cursor": cursor})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["cursor"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("limit", "0"), ("limit", "201"), ("status", "lost"), ("opened_after", "2026-01-01T00:00:00"), ("colour", "red")],
)
async def test_what_cannot_be_looked_for_is_named(house: House, name: str, value: str) -> None:
    answer = await house.http.get("/v1/cases", headers=house.as_("auditor"), params={name: value})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [name]


async def test_filters_hold_what_was_asked_for(house: House) -> None:
    mark = key()["Idempotency-Key"].upper()
    app = house.as_("system", channel=mark)
    now = datetime.now(UTC)

    async def stood(name: str, **changes: object) -> str:
        made = case(f"{mark}-{name}", **({"seq": 1, "channel": mark, "opened_at": now} | changes))
        return (await stands(house.pool, made)).case_id

    late_part = PartView(agency="PART", level=0, holder="operator@PART", clock=None, answered_at=None)
    clock = ClockView(
        due=deadline(now + timedelta(days=1)),
        started_at=now,
        warn_at=now,
        warned=False,
        breached=False,
        paused_since=None,
    )
    in_time = late_part.model_copy(update={"clock": clock})
    resolved = await stood("a", status=Status.RESOLVED, opened_at=now - timedelta(days=9))
    late = await stood("b", due=deadline(now - timedelta(hours=1)), category="school", region="south")
    soon = await stood("c", due=deadline(now + timedelta(hours=1)), agency="ELSEWHERE")
    late_at_the_top = await stood("d", status=Status.IN_PROGRESS)
    late_of_a_part = await stood("e", status=Status.COORDINATING, parts=(late_part, in_time))
    part_in_time = await stood("f", status=Status.COORDINATING, parts=(in_time,))
    for asked, expected in (
        ({"status": "resolved"}, {resolved}),
        ({"category": "school"}, {late}),
        ({"region": "south"}, {late}),
        ({"agency": "ELSEWHERE"}, {soon}),
        ({"agency": "PART"}, {late_of_a_part, part_in_time}),
        ({"overdue": "true"}, {late, late_at_the_top, late_of_a_part}),
        ({"overdue": "false"}, {resolved, soon, part_in_time}),
        ({"opened_before": (now - timedelta(days=1)).isoformat()}, {resolved}),
        ({"opened_after": now.isoformat(), "status": "coordinating"}, {late_of_a_part, part_in_time}),
        ({"channel": "another"}, set()),
    ):
        answer = await house.http.get("/v1/cases", headers=app, params=asked | {"count": "true"})
        told = answer.json()
        assert {one["case_id"] for one in told["cases"]} == expected, asked
        assert told["total"] == len(expected)
        assert all(
            one["overdue"] == (one["case_id"] in (late, late_at_the_top, late_of_a_part)) for one in told["cases"]
        )


async def test_a_reporter_finds_the_own_cases_in_any_state_and_no_others(house: House) -> None:
    me = house.as_("reporter")
    case_id = await case_of(house, me)
    just_now = (await hand_in(house, me, identity="confidential")).json()["case_id"]
    await hand_in(house, house.as_("reporter"))
    assert await pages(house, me) == [[just_now, case_id]]
    await done(house, me, just_now, "withdraw")
    answer = await house.http.get("/v1/cases", headers=me, params={"status": "withdrawn", "count": "true"})
    assert [one["case_id"] for one in answer.json()["cases"]] == [just_now]
    assert answer.json()["total"] == 1


async def test_an_accused_agency_neither_lists_nor_counts_the_report(house: House) -> None:
    since = datetime.now(UTC).isoformat()
    case_id = await case_of(house, house.as_("reporter"), category="report", respondent="ROADS")
    asked = {"opened_after": since, "count": "true"}
    for who, expected in ((operator(house), []), (operator(house, "INSPECTORATE", "officer"), [case_id])):
        told = (await house.http.get("/v1/cases", headers=who, params=asked)).json()
        assert [one["case_id"] for one in told["cases"]] == expected
        assert told["total"] == len(expected)


async def test_policy_administrators_list_no_cases(house: House) -> None:
    assert (await house.http.get("/v1/cases", headers=house.as_("policy-admin"))).status_code == 403


async def test_a_position_is_that_of_the_last_case_of_a_page(pool: Pool, generated: list[CaseView]) -> None:
    auditor = Caller(id="a", role=CallerRole.AUDITOR)
    [first, second] = await case_search.found(pool, auditor, Wanted(channel=CHANNELS[1]), NOON, None, 2)
    position = Position(opened_at=first.case.opened_at, case_id=first.case.case_id)
    assert await case_search.found(pool, auditor, Wanted(channel=CHANNELS[1]), NOON, position, 1) == [second]
