"""After the first error nothing was sent any more, and nobody noticed (seen in FixMyStreet); of two deliveries one
failed, and both were marked as sent.

Each destination has its own state. One that fails is tried again, then stands in a list of what is dead until somebody
has it sent; all others have got theirs meanwhile.
"""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from gateway.notices import Dispatcher, Retries
from storage import contacts, notices
from storage.notices import Line
from tests import making
from tests.gateway.telling import HandClock, forget_everything
from tests.kawal import Handle, Kawal
from tests.peers.following import HOUR, now, roads_of, says
from tests.peers.post_office import PostOffice

BROKEN, FINE, OTHER = "broken@go.id", "fine@go.id", "other@go.id"


@pytest.fixture
def post_office() -> Iterator[PostOffice]:
    office = PostOffice()
    with office.opened():
        yield office


async def assigned(kawal: Kawal, agency: str, *addresses: str) -> Handle:
    """Return a case whose operator is reached at these addresses, and who has to hear of it."""
    policy = roads_of(agency, making.whole_policy())
    case = await kawal.open(policy)
    await contacts.replace(kawal.pool, f"operator@{agency}", addresses, await now(kawal, case))
    return case


async def by_address(kawal: Kawal, case: Handle) -> dict[str | None, Line]:
    """Return how far the notices of a case are, by the destination's masked address."""
    return {line.address: line for line in await notices.lines(kawal.pool, case_id=case.id)}


async def test_of_two_destinations_one_fails_and_neither_state_is_taken_for_the_other_s(
    kawal: Kawal, post_office: PostOffice
) -> None:
    await forget_everything(kawal.pool)
    post_office.full = {BROKEN}
    case = await assigned(kawal, "TOLD-TWO", BROKEN, FINE)
    clock = HandClock(await now(kawal, case))
    dispatcher = Dispatcher(kawal.pool, [post_office.smtp], clock=clock, retries=Retries(tries=3))

    done = await dispatcher.one_pass()
    assert (done.sent, done.failed) == (1, 1)
    found = await by_address(kawal, case)
    assert (found["f***@go.id"].state, found["f***@go.id"].last_error) == ("sent", None)
    assert (found["b***@go.id"].state, found["b***@go.id"].attempts) == ("failed", 1)
    assert "452" in str(found["b***@go.id"].last_error)
    assert found["b***@go.id"].next_attempt_at is not None

    for _ in range(2):
        clock.go_on(24 * HOUR)
        await dispatcher.one_pass()
    [dead] = await notices.lines(kawal.pool, dead=True)
    assert (dead.case_id, dead.address, dead.attempts) == (case.id, "b***@go.id", 3)
    clock.go_on(timedelta(days=30))
    assert (await dispatcher.one_pass()).sent == 0
    assert [len(post_office.subjects(address)) for address in (BROKEN, FINE)] == [0, 1]

    post_office.full = set()
    assert await notices.resend(kawal.pool, dead.notice, clock.now) == 1
    assert (await dispatcher.one_pass()).sent == 1
    assert [len(post_office.subjects(address)) for address in (BROKEN, FINE)] == [1, 1]
    assert await notices.lines(kawal.pool, dead=True) == []


async def test_a_destination_that_comes_back_gets_what_it_missed_by_itself(
    kawal: Kawal, post_office: PostOffice
) -> None:
    await forget_everything(kawal.pool)
    post_office.full = {BROKEN}
    case = await assigned(kawal, "TOLD-AGAIN", BROKEN)
    clock = HandClock(await now(kawal, case))
    dispatcher = Dispatcher(kawal.pool, [post_office.smtp], clock=clock)
    assert (await dispatcher.one_pass()).failed == 1
    post_office.full = set()
    clock.go_on(HOUR)
    assert (await dispatcher.one_pass()).sent == 1
    [line] = await notices.lines(kawal.pool, case_id=case.id)
    assert (line.state, line.attempts) == ("sent", 2)


async def test_what_fails_first_keeps_nothing_from_being_told_afterwards(kawal: Kawal, post_office: PostOffice) -> None:
    await forget_everything(kawal.pool)
    post_office.full = {BROKEN}
    first = await assigned(kawal, "TOLD-FIRST", BROKEN)
    clock = HandClock(await now(kawal, first))
    dispatcher = Dispatcher(kawal.pool, [post_office.smtp], clock=clock, retries=Retries(tries=1))
    assert (await dispatcher.one_pass()).dead == 1

    second = await assigned(kawal, "TOLD-SECOND", OTHER)
    for _ in range(3):
        await says(kawal, second, "ask")
        await says(kawal, second, "provide")
        clock.now = await now(kawal, second)
        await dispatcher.one_pass()
    assert len(post_office.subjects(OTHER)) == 4
    assert all(second.id in subject for subject in post_office.subjects(OTHER))


async def test_who_has_no_contact_is_not_taken_for_told(kawal: Kawal, post_office: PostOffice) -> None:
    await forget_everything(kawal.pool)
    case = await assigned(kawal, "TOLD-NOBODY")
    clock = HandClock(await now(kawal, case))
    dispatcher = Dispatcher(kawal.pool, [post_office.smtp], clock=clock)
    assert (await dispatcher.one_pass()).nobody == 1
    [line] = await notices.lines(kawal.pool, case_id=case.id)
    assert (line.state, line.sent_at) == ("nobody to tell", None)
    await contacts.replace(kawal.pool, "operator@TOLD-NOBODY", [OTHER], clock.now)
    assert (await dispatcher.one_pass()).sent == 1
    assert len(post_office.subjects(OTHER)) == 1
