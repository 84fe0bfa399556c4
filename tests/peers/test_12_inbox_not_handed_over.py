"""After an escalation the complaint stayed with the one who was late; the superior's inbox had nothing (seen in CCRS).

With every climb the superior owns the case, and everybody who held it still sees it; when it ends, it is before nobody.
"""

from datetime import timedelta

from storage.inbox import Counts, counts, owned_by, seen_by
from tests import making
from tests.kawal import Handle, Kawal
from tests.peers.following import now, roads_of, says

ROLES = ("operator", "head-of-division", "head-of-agency")


async def columns(kawal: Kawal, case: Handle) -> tuple[list[str], list[str]]:
    """Return who owns a case and who watches it, by the columns that people search by."""
    row = await kawal.pool.fetchrow("select owners, watchers from cases where case_id = $1", case.id)
    assert row is not None
    return row["owners"], row["watchers"]


async def test_with_every_climb_the_superior_owns_the_case_and_all_before_still_see_it(kawal: Kawal) -> None:
    offices = [f"{role}@INBOX-CLIMB" for role in ROLES]
    case = await kawal.open(roads_of("INBOX-CLIMB", making.whole_policy()))
    for level, office in enumerate(offices):
        moment = await now(kawal, case)
        assert await columns(kawal, case) == ([office], offices[: level + 1])
        for other in offices:
            owned = [line.case_id for line in await owned_by(kawal.pool, other, moment)]
            seen = [(line.case_id, line.yours, line.owners) for line in await seen_by(kawal.pool, other, moment)]
            assert owned == ([case.id] if other == office else [])
            held = offices.index(other) <= level
            assert seen == ([(case.id, other == office, (office,))] if held else [])
        await kawal.pass_time(case, timedelta(days=10, minutes=1))


async def test_an_answered_case_is_before_nobody_and_a_reopened_one_is_before_its_holder_again(kawal: Kawal) -> None:
    operator, head = (f"{role}@INBOX-REOPENED" for role in ROLES[:2])
    case = await kawal.open(roads_of("INBOX-REOPENED", making.whole_policy()))
    await kawal.pass_time(case, timedelta(days=11))
    await says(kawal, case, "respond", evidence=("photo-1",))
    assert await columns(kawal, case) == ([], [operator, head])
    assert await owned_by(kawal.pool, head, await now(kawal, case)) == []

    await says(kawal, case, "reopen")
    assert await columns(kawal, case) == ([operator], [operator, head])
    [line] = await owned_by(kawal.pool, operator, await now(kawal, case))
    assert (line.case_id, line.level, line.overdue) == (case.id, 0, False)

    await says(kawal, case, "withdraw")
    await case.result()
    moment = await now(kawal, case)
    assert await seen_by(kawal.pool, operator, moment) == await seen_by(kawal.pool, head, moment) == []


async def test_a_transferred_case_is_handed_to_the_other_agency_and_the_first_still_sees_it(kawal: Kawal) -> None:
    case = await kawal.open(roads_of("INBOX-PASSED", making.whole_policy()))
    await says(kawal, case, "transfer", agency="SCHOOLS", reason="wrong-agency")
    assert await columns(kawal, case) == (["operator@SCHOOLS"], ["operator@INBOX-PASSED", "operator@SCHOOLS"])
    moment = await now(kawal, case)
    assert await counts(kawal.pool, "operator@INBOX-PASSED", moment) == Counts(owned=0, overdue=0, seen=1)
    assert case.id in [line.case_id for line in await owned_by(kawal.pool, "operator@SCHOOLS", moment)]


async def test_a_coordinated_case_is_before_every_agency_until_it_has_answered_and_climbs_in_each_alone(
    kawal: Kawal,
) -> None:
    case = await kawal.open(roads_of("INBOX-PARTS", making.whole_policy()))
    await says(kawal, case, "coordinate", agencies=("INBOX-PARTS", "SCHOOLS"))
    assert (await columns(kawal, case))[0] == ["operator@INBOX-PARTS", "operator@SCHOOLS"]
    await says(kawal, case, "respond", actor=making.operator("SCHOOLS"), evidence=("photo-1",))
    assert (await columns(kawal, case))[0] == ["operator@INBOX-PARTS"]
    await kawal.pass_time(case, timedelta(days=10, minutes=1))
    owners, watchers = await columns(kawal, case)
    assert owners == ["head-of-division@INBOX-PARTS"]
    assert watchers == ["operator@INBOX-PARTS", "operator@SCHOOLS", "head-of-division@INBOX-PARTS"]
    moment = await now(kawal, case)
    assert await counts(kawal.pool, "operator@INBOX-PARTS", moment) == Counts(owned=0, overdue=0, seen=1)
