"""Photos become part of a case by who uploaded them, once, and go with whom the case is about."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from gateway.evidence import linking
from gateway.refusals import RefusedError
from schemas.access import Caller, CallerRole
from schemas.person import Person
from storage import evidence, evidence_links
from storage.database import Pool
from storage.evidence_links import sweep_unused
from storage.objects import Objects
from storage.persons import ErasedError
from tests.evidence.uploads import PLACE, a_case, age, an_account, erase, kept_one, person_of, read_again


def a_reporter() -> Caller:
    return Caller(id=an_account(), role=CallerRole.REPORTER)


def a_system(channel: str = "lapor") -> Caller:
    return Caller(id=an_account("system"), role=CallerRole.SYSTEM, channel=channel)


async def from_(pool: Pool, store: Objects, caller: Caller) -> str:
    """Return the id of what somebody uploads."""
    in_person = caller.role is CallerRole.REPORTER
    upload = await kept_one(pool, store, uploaded_by=caller.id, in_person=in_person, channel=caller.channel)
    return upload.evidence_id


async def readable(pool: Pool, store: Objects, evidence_id: str) -> bool:
    kept = await read_again(pool, evidence_id)
    return b"planted" in await evidence.content(store, kept, "original") + await evidence.content(store, kept, "clean")


async def test_linked_photos_fall_under_the_person_of_the_case(pool: Pool, store: Objects) -> None:
    caller = a_system()
    ids = [await from_(pool, store, caller) for _ in range(3)]
    case_id = await a_case(pool)
    await linking.link(pool, case_id, ids, caller)
    for evidence_id in ids:
        kept = await read_again(pool, evidence_id)
        assert (kept.case_id, kept.person) == (case_id, await person_of(pool, case_id))
        assert kept.linked_at is not None
        assert kept.opened is not None
        assert kept.opened.place == PLACE
        assert await readable(pool, store, evidence_id)
        assert not await pool.fetchval("select 1 from persons where person = $1", f"evidence:{evidence_id}")


async def test_linking_again_changes_nothing(pool: Pool, store: Objects) -> None:
    caller = a_reporter()
    evidence_id = await from_(pool, store, caller)
    case_id = await a_case(pool)
    await linking.link(pool, case_id, [evidence_id, evidence_id], caller)
    first = await read_again(pool, evidence_id)
    await linking.link(pool, case_id, [evidence_id], caller)
    assert await read_again(pool, evidence_id) == first


async def test_whoever_reported_is_erased_with_the_photos_of_the_case(pool: Pool, store: Objects, folder: Path) -> None:
    caller, system = a_reporter(), a_system()
    in_person, by_system = await from_(pool, store, caller), await from_(pool, store, system)
    case_id = await a_case(pool, Person(account=caller.id, name="Siti Contoh"))
    await linking.link(pool, case_id, [in_person], caller)
    await linking.link(pool, case_id, [by_system], system)
    reporter = await person_of(pool, case_id)
    await erase(pool, reporter)
    for evidence_id in (in_person, by_system):
        with pytest.raises(ErasedError):
            await readable(pool, store, evidence_id)
    assert await evidence.erase_of(pool, store, reporter) == 2
    assert not [path for path in folder.rglob("*") if path.is_file()]


async def test_a_photo_is_part_of_one_case(pool: Pool, store: Objects) -> None:
    caller = a_reporter()
    first, second = await from_(pool, store, caller), await from_(pool, store, caller)
    case_id, other = await a_case(pool), await a_case(pool)
    await linking.link(pool, case_id, [first], caller)
    for refuse in (linking.link, linking.hold):
        with pytest.raises(RefusedError, match=r"^evidence: number 2 is part of another case"):
            await refuse(pool, other, [second, first], caller)
    assert (await read_again(pool, second)).case_id is None
    assert (await read_again(pool, first)).case_id == case_id


async def test_a_photo_asked_for_by_two_cases_at_once_becomes_part_of_one(pool: Pool, store: Objects) -> None:
    caller = a_reporter()
    ids = sorted([await from_(pool, store, caller) for _ in range(3)])
    cases = [await a_case(pool) for _ in range(4)]
    orders = (ids, ids[::-1], ids, ids[::-1])
    linked = [linking.link(pool, case, order, caller) for case, order in zip(cases, orders, strict=True)]
    answers = await asyncio.gather(*linked, return_exceptions=True)
    assert [type(answer) for answer in answers if answer is not None] == [RefusedError] * 3
    assert len({(await read_again(pool, evidence_id)).case_id for evidence_id in ids}) == 1


async def test_nobody_uses_the_photos_of_others(pool: Pool, store: Objects) -> None:
    caller = a_reporter()
    evidence_id = await from_(pool, store, caller)
    case_id = await a_case(pool)
    strangers = (
        a_reporter(),
        a_system(),
        Caller(id="account-x", role=CallerRole.OPERATOR, agency="ROADS"),
        Caller(id="account-y", role=CallerRole.REPORTER, channel="lapor"),
    )
    by_system = await from_(pool, store, a_system("lapor"))
    for stranger in strangers:
        with pytest.raises(RefusedError, match=r"^evidence: number 1 is no upload of yours"):
            await linking.link(pool, case_id, [evidence_id], stranger)
        assert await linking.place_offered(pool, [evidence_id], stranger) is None
    with pytest.raises(RefusedError, match="no upload of yours"):
        await linking.link(pool, case_id, [by_system], strangers[-1])
    with pytest.raises(RefusedError, match="no upload of yours"):
        await linking.link(pool, case_id, [by_system], a_system("another-bridge"))
    assert (await read_again(pool, evidence_id)).case_id is None


async def test_a_system_uses_what_another_of_its_channel_uploaded(pool: Pool, store: Objects) -> None:
    evidence_id = await from_(pool, store, a_system("lapor"))
    case_id = await a_case(pool)
    await linking.link(pool, case_id, [evidence_id], a_system("lapor"))
    assert (await read_again(pool, evidence_id)).case_id == case_id


async def test_what_was_never_uploaded_is_refused_like_what_is_of_others(pool: Pool, store: Objects) -> None:
    caller, other = a_reporter(), a_reporter()
    case_id = await a_case(pool)
    theirs = await from_(pool, store, other)
    said = []
    for evidence_id in (theirs, str(uuid4())):
        with pytest.raises(RefusedError) as error:
            await linking.link(pool, case_id, [evidence_id], caller)
        said.append(str(error.value))
    assert said[0] == said[1]


async def test_nothing_is_linked_to_a_case_that_nobody_accepted(pool: Pool, store: Objects) -> None:
    caller = a_reporter()
    evidence_id = await from_(pool, store, caller)
    with pytest.raises(LookupError):
        await linking.link(pool, "K-nobody", [evidence_id], caller)
    assert (await read_again(pool, evidence_id)).case_id is None


async def test_what_is_held_for_one_complaint_is_not_held_for_another_until_it_is_let_go(
    pool: Pool, store: Objects
) -> None:
    caller = a_reporter()
    evidence_id = await from_(pool, store, caller)
    await linking.hold(pool, "K-refused", [evidence_id], caller)
    await linking.hold(pool, "K-refused", [evidence_id], caller)
    with pytest.raises(RefusedError, match="part of another case"):
        await linking.hold(pool, "K-next", [evidence_id], caller)
    await evidence_links.let_go(pool, "K-refused")
    await linking.hold(pool, "K-next", [evidence_id], caller)
    assert (await read_again(pool, evidence_id)).case_id == "K-next"


async def test_what_an_accepted_case_holds_is_not_let_go(pool: Pool, store: Objects) -> None:
    caller = a_reporter()
    evidence_id = await from_(pool, store, caller)
    case_id = await a_case(pool)
    await linking.hold(pool, case_id, [evidence_id], caller)
    await evidence_links.let_go(pool, case_id)
    assert (await read_again(pool, evidence_id)).case_id == case_id


async def test_a_repeated_complaint_gets_what_its_second_id_held(pool: Pool, store: Objects) -> None:
    caller = a_system()
    evidence_id = await from_(pool, store, caller)
    first = await a_case(pool)
    await linking.hold(pool, "K-second-id-of-the-same", [evidence_id], caller)
    await linking.link(pool, first, [evidence_id], caller)
    assert (await read_again(pool, evidence_id)).case_id == first


async def test_where_a_photo_was_taken_is_offered_to_whoever_uploaded_it(pool: Pool, store: Objects) -> None:
    caller = a_reporter()
    nowhere = await kept_one(pool, store, uploaded_by=caller.id, place=None)
    evidence_id = await from_(pool, store, caller)
    assert await linking.place_offered(pool, [nowhere.evidence_id, evidence_id], caller) == PLACE
    assert await linking.place_offered(pool, [nowhere.evidence_id, str(uuid4())], caller) is None


async def test_what_nothing_used_within_a_day_is_swept_away(pool: Pool, store: Objects, folder: Path) -> None:
    caller = a_system()
    old, young = await from_(pool, store, caller), await from_(pool, store, caller)
    await age(pool, old, 24.1)
    await age(pool, young, 23.9)
    assert await sweep_unused(pool, store) >= 1
    assert await evidence.found(pool, old) is None
    assert not await pool.fetchval("select 1 from persons where person = $1", f"evidence:{old}")
    assert {path.parent.name for path in folder.rglob("*") if path.is_file()} == {young}
    assert await readable(pool, store, young)


async def test_what_was_cut_off_is_swept_away_too(pool: Pool, store: Objects, folder: Path) -> None:
    evidence_id = await from_(pool, store, a_reporter())
    await pool.execute("update evidence set state = 'storing' where evidence_id = $1", evidence_id)
    await age(pool, evidence_id, 24.1)
    await sweep_unused(pool, store)
    assert not [path for path in folder.rglob("*") if path.is_file()]


async def test_what_a_case_has_is_never_swept_away(pool: Pool, store: Objects) -> None:
    caller = a_reporter()
    evidence_id = await from_(pool, store, caller)
    await linking.link(pool, await a_case(pool), [evidence_id], caller)
    await age(pool, evidence_id, 9999)
    await sweep_unused(pool, store)
    assert await readable(pool, store, evidence_id)


async def test_what_was_held_for_a_complaint_that_was_never_accepted_is_swept_away(pool: Pool, store: Objects) -> None:
    caller = a_reporter()
    evidence_id = await from_(pool, store, caller)
    await age(pool, evidence_id, 24.1)
    await linking.hold(pool, "K-lost", [evidence_id], caller)
    await sweep_unused(pool, store)
    assert await readable(pool, store, evidence_id)
    await age(pool, evidence_id, 24.1)
    await sweep_unused(pool, store)
    assert await evidence.found(pool, evidence_id) is None


async def test_whoever_dies_between_accepting_and_linking_loses_no_photo(pool: Pool, store: Objects) -> None:
    caller = a_reporter()
    evidence_id = await from_(pool, store, caller)
    case_id = f"K-{uuid4()}"
    await linking.hold(pool, case_id, [evidence_id], caller)
    await a_case(pool, Person(account=caller.id), case_id=case_id)
    await age(pool, evidence_id, 99)
    await sweep_unused(pool, store)
    kept = await read_again(pool, evidence_id)
    assert kept.linked_at is not None
    assert (kept.case_id, kept.person) == (case_id, await person_of(pool, case_id))
    assert await readable(pool, store, evidence_id)


async def test_a_sweep_removes_what_was_held_for_somebody_who_was_erased(pool: Pool, store: Objects) -> None:
    caller = a_system()
    evidence_id = await from_(pool, store, caller)
    case_id = f"K-{uuid4()}"
    await linking.hold(pool, case_id, [evidence_id], caller)
    await a_case(pool, Person(name="Siti Contoh"), case_id=case_id)
    await erase(pool, await person_of(pool, case_id))
    await age(pool, evidence_id, 1)
    await sweep_unused(pool, store)
    assert await evidence.found(pool, evidence_id) is None


async def test_a_photo_of_somebody_erased_is_linked_to_nothing(pool: Pool, store: Objects) -> None:
    caller = a_reporter()
    evidence_id = await from_(pool, store, caller)
    kept = await read_again(pool, evidence_id)
    await evidence.erase_of(pool, store, kept.person)
    with pytest.raises(RefusedError, match="no upload of yours"):
        await linking.link(pool, await a_case(pool), [evidence_id], caller)


async def test_what_an_accepted_case_holds_is_not_removed_before_it_is_linked(pool: Pool, store: Objects) -> None:
    caller = a_reporter()
    evidence_id = await from_(pool, store, caller)
    await linking.hold(pool, await a_case(pool), [evidence_id], caller)
    await age(pool, evidence_id, 99)
    await evidence_links._remove_unused(pool, store)
    assert await readable(pool, store, evidence_id)
