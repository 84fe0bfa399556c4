"""Who may do what: the table that people read, the one that the code asks, and every cell of it over HTTP."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.access import ACCESS, Verdict, verdict
from gateway.identity.api_keys import POSSIBLE_SCOPES, make
from schemas.access import Action, Caller, CallerRole, Relation
from tests.api import access_world
from tests.api.access_world import PEOPLE, ROUTES, World, status_of, world_of
from tests.api.house import House
from tests.api.roles import told

DOCUMENT = Path(__file__).parent.parent.parent / "docs" / "access.md"
ROLES = {
    "Reporter": CallerRole.REPORTER,
    "System": CallerRole.SYSTEM,
    "Operator": CallerRole.OPERATOR,
    "Superior": CallerRole.SUPERIOR,
    "Auditor": CallerRole.AUDITOR,
    "Policy admin": CallerRole.POLICY_ADMIN,
}
WORDS = {
    "own": {Relation.OWN},
    "agency": {Relation.AGENCY},
    "formerly": {Relation.FORMER},
    "all": set(Relation),
    "no": set[Relation](),
}
STATUS = {Verdict.FORBIDDEN: 403, Verdict.HIDDEN: 404}


# The document


def cells() -> Iterator[tuple[str, CallerRole, set[Relation]]]:
    """Yield what the document says: an action, a role, and with what it may."""
    header, _, *rows = re.findall(r"^\| (?:Action|`).*\|$|^\|---.*(?=\n\| `)", DOCUMENT.read_text(), flags=re.MULTILINE)
    roles = [ROLES[title] for title in _columns(header)[2:]]
    assert roles == list(CallerRole)
    for row in rows:
        action, _, *said = _columns(row)
        for role, words in zip(roles, said, strict=True):
            yield action.strip("`"), role, set().union(*(WORDS[word] for word in words.split(", ")))


def _columns(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_the_document_says_of_every_cell_what_the_code_says() -> None:
    said = {(action, role): relations for action, role, relations in cells()}
    assert said == {
        (action, role): set(ACCESS[action].get(role, frozenset())) for action in Action for role in CallerRole
    }


# The routes


@pytest.fixture(scope="module")
async def world(house: House) -> World:
    return await world_of(house)


def headers_of(house: House, world: World, role: CallerRole, claims: dict[str, object] | None) -> dict[str, str]:
    return house.as_(role, **(claims or world.caller(role)))


def test_every_action_has_a_route_that_stands_for_it() -> None:
    assert set(ROUTES) == set(Action) == set(ACCESS)


@pytest.mark.parametrize("role", CallerRole)
@pytest.mark.parametrize("action", Action)
async def test_every_cell_is_answered_as_the_table_says(
    house: House, world: World, action: Action, role: CallerRole
) -> None:
    caller = Caller(id="somebody", role=role)
    wrong = []
    for of, call in ROUTES[action](world, role).items():
        relation = of[0] if isinstance(of, tuple) else of
        status = await status_of(house, headers_of(house, world, role, call.claims), call)
        expected = verdict(caller, action, relation)
        if not fits(status, expected):
            wrong.append(f"{of}: {call.path} is {status}, and {expected} by the table")
    assert not wrong, "\n".join(wrong)


def fits(status: int, expected: Verdict) -> bool:
    """Return whether an answer is what the table says: what is allowed may still not be possible now."""
    if expected is Verdict.ALLOWED:
        return status < 300 or status in (409, 422)
    return status == STATUS[expected]


async def test_the_walk_comes_by_every_relation_there_is(house: House, world: World) -> None:
    walked = {
        (action, role, of[0] if isinstance(of, tuple) else of)
        for action in Action
        for role in CallerRole
        for of in ROUTES[action](world, role)
    }
    of_cases = (Action.SEE, Action.READ_TEXT, Action.READ_PERSON, Action.SPEAK, Action.WORK, Action.OVERSEE)
    for action in (*of_cases, Action.SEE_SANCTIONS):
        for role in CallerRole:
            there = set(Relation) if role in PEOPLE else {Relation.OTHER, Relation.HIDDEN}
            there = {Relation.OWN, Relation.OTHER} if role in access_world.OUTSIDE else there
            assert {relation for a, r, relation in walked if (a, r) == (action, role)} == there
    assert {(action, role) for action, role, _ in walked} == {(a, r) for a in Action for r in CallerRole}


async def test_what_is_hidden_and_what_never_was_are_told_alike(house: House, world: World) -> None:
    for role in (CallerRole.OPERATOR, CallerRole.REPORTER):
        who = house.as_(role, **world.caller(role))
        hidden = await house.http.get(f"/v1/cases/{world.cases['accusing']}", headers=who)
        never = await house.http.get("/v1/cases/never-was", headers=who)
        assert hidden.status_code == 404
        assert told(hidden) == told(never)


async def test_nobody_gets_anywhere_without_a_token(house: House, world: World) -> None:
    for action in Action:
        for call in ROUTES[action](world, CallerRole.SYSTEM).values():
            assert await status_of(house, {}, call) == 401, call.path


# Keys that are bounded to some actions


@pytest.mark.parametrize("action", sorted(POSSIBLE_SCOPES))
async def test_a_key_opens_its_scopes_and_nothing_else(house: House, world: World, action: Action) -> None:
    for scopes in ({action}, POSSIBLE_SCOPES - {action}):
        _, secret = await make(house.pool, name="a counter", channel="counter", scopes=scopes, made_by="somebody")
        caller = Caller(id="somebody", role=CallerRole.SYSTEM, channel="counter", scopes=frozenset(scopes))
        for other in POSSIBLE_SCOPES:
            for of, call in ROUTES[other](world, CallerRole.SYSTEM).items():
                relation = of[0] if isinstance(of, tuple) else of
                expected = verdict(caller, other, relation)
                status = await status_of(house, {"X-API-Key": secret}, call)
                assert fits(status, expected), f"{sorted(scopes)}: {other} {of} is {status}, and {expected}"
                if relation is Relation.OWN and other not in scopes:
                    assert status == 403
