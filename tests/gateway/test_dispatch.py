"""Every destination gets every notice once, whatever happens to the others, to the dispatcher and to the hour."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.notices import ChannelAwayError, Dispatcher, Done, Retries, dispatching
from gateway.words import letter
from local.scratch import scratch_folder
from schemas.case import CommitRequest, TransitionKind
from schemas.policy import QuietHours
from storage import contacts, database, notices
from storage.database import Pool
from storage.notices import Line
from storage.time_zone import zone_named
from tests.cli.command import Shell
from tests.gateway.telling import (
    HandClock,
    Letterbox,
    case,
    climb,
    commit,
    forget_everything,
    happened,
    office,
    policy_with,
    wib,
)
from tests.making import NOON

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
NIGHT = QuietHours.model_validate({"begins": "20:00", "ends": "06:00", "on_days_off": True})


@pytest.fixture(autouse=True)
async def nothing_else_to_tell(pool: Pool) -> None:
    await forget_everything(pool)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


async def climbed(pool: Pool, case_id: str, *addresses: str, **changes: Any) -> None:
    """Let a case climb to a head who is reached at these addresses; the operator has no contact."""
    await contacts.replace(pool, office("head", case_id), addresses, NOON)
    await commit(pool, climb(case_id, **changes))


async def of_head(pool: Pool, case_id: str) -> list[Line]:
    """Return how far the head's notices of a case are."""
    found = reversed(await notices.lines(pool, case_id=case_id))
    return [line for line in found if line.recipient == office("head", case_id)]


async def states(pool: Pool, case_id: str) -> list[str]:
    return [line.state for line in await of_head(pool, case_id)]


async def test_a_destination_that_fails_neither_holds_up_another_nor_lets_it_count_as_told(
    pool: Pool, clock: HandClock
) -> None:
    await climbed(pool, "sent-1", "broken@go.id", "fine@go.id")
    box = Letterbox(refuses={"broken@go.id"})
    dispatcher = Dispatcher(pool, [box], clock=clock, retries=Retries(tries=3))

    assert await dispatcher.one_pass() == Done(sent=1, failed=1, nobody=1)
    broken, fine = sorted(await of_head(pool, "sent-1"), key=lambda line: line.state)
    assert (fine.state, fine.sent_at, fine.last_error) == ("sent", NOON, None)
    assert (broken.state, broken.attempts, broken.last_error) == ("failed", 1, "mailbox full 452")
    assert broken.next_attempt_at == NOON + MINUTE

    assert await dispatcher.one_pass() == Done()  # it is not tried before its time
    clock.go_on(MINUTE)
    assert await dispatcher.one_pass() == Done(failed=1)
    clock.go_on(MINUTE)
    assert await dispatcher.one_pass() == Done()  # each pause is twice the one before
    clock.go_on(MINUTE)
    assert await dispatcher.one_pass() == Done(dead=1)
    clock.go_on(30 * DAY)
    assert await dispatcher.one_pass() == Done()  # it was given up

    [dead] = await notices.lines(pool, dead=True)
    assert (dead.case_id, dead.address, dead.attempts, dead.next_attempt_at) == ("sent-1", "b***@go.id", 3, None)
    assert box.tried == {"broken@go.id": 3, "fine@go.id": 1}

    box.refuses.clear()
    assert await notices.resend(pool, dead.notice, clock()) == 1
    assert await dispatcher.one_pass() == Done(sent=1)
    assert await states(pool, "sent-1") == ["sent", "sent"]
    assert box.tried == {"broken@go.id": 4, "fine@go.id": 1}
    assert await notices.resend(pool, dead.notice, clock()) == 0
    assert await notices.resend(pool, 10**9, clock()) is None


def test_retries_go_on_for_three_days() -> None:
    retries = Retries()
    pauses = [retries.pause(tries) for tries in range(1, retries.tries)]
    assert 3 * DAY < sum(pauses, timedelta()) < 4 * DAY
    assert pauses == sorted(pauses)
    assert max(pauses) == retries.longest


async def test_an_outage_of_a_channel_gives_up_nothing_however_long_it_lasts(pool: Pool, clock: HandClock) -> None:
    def away(_: str) -> None:
        raise ChannelAwayError("SMTPConnectError")

    for n in range(3):
        await climbed(pool, f"outage-{n}", f"head-{n}@go.id")
    box = Letterbox(before=away)
    dispatcher = Dispatcher(pool, [box], clock=clock, retries=Retries(tries=3))
    with capture_logs() as logs:
        for _ in range(20):
            assert (await dispatcher.one_pass()).sent == 0
            clock.go_on(DAY)
        box.before = lambda _: None
        assert (await dispatcher.one_pass()).sent == 3
    assert [line["event"] for line in logs] == ["a channel is away, and its notices wait", "a channel works again"]
    for n in range(3):
        assert len(box.letters(f"head-{n}@go.id")) == 1


async def test_two_dispatchers_at_once_tell_everybody_once(pool: Pool, database_url: str, clock: HandClock) -> None:
    for n in range(30):
        await climbed(pool, f"race-{n}", f"one-{n}@go.id", f"two-{n}@go.id")
    box = Letterbox()
    another = await database.connect(database_url)
    try:
        passes = (Dispatcher(either, [box], clock=clock).one_pass() for either in (pool, another))
        done = await asyncio.gather(*passes)
    finally:
        await another.close()
    assert sum(one.sent for one in done) == 60
    assert set(box.tried.values()) == {1}
    assert len(box.tried) == 60


async def test_a_notice_that_was_sent_and_not_recorded_is_sent_again_under_the_same_reference(
    pool: Pool, clock: HandClock
) -> None:
    await climbed(pool, "crash-1", "head@go.id")

    def die(_: str) -> None:
        raise asyncio.CancelledError

    box = Letterbox(after=die)
    with pytest.raises(asyncio.CancelledError):
        await Dispatcher(pool, [box], clock=clock).one_pass()
    assert await states(pool, "crash-1") == ["pending"]
    box.after = lambda _: None
    await Dispatcher(pool, [box], clock=clock).one_pass()
    assert await states(pool, "crash-1") == ["sent"]
    references = box.references("head@go.id")
    assert len(references) > 1
    assert len(set(references)) == 1


async def test_references_tell_events_and_addresses_apart(pool: Pool, clock: HandClock) -> None:
    await climbed(pool, "apart-1", "one@go.id", "two@go.id")
    await commit(pool, climb("apart-1", at=NOON, seq=3))
    box = Letterbox()
    assert (await Dispatcher(pool, [box], clock=clock).one_pass()).sent == 4
    assert len({reference for _, _, reference in box.taken}) == 4


async def test_a_mistake_in_one_destination_is_not_anothers_trouble(pool: Pool, clock: HandClock) -> None:
    def mistake(address: str) -> None:
        if address.startswith("strange"):
            raise KeyError(address)

    await climbed(pool, "mistake-1", "strange@go.id", "fine@go.id")
    assert await Dispatcher(pool, [Letterbox(before=mistake)], clock=clock).one_pass() == Done(1, 1, 0, 1)
    assert {(line.state, line.last_error) for line in await of_head(pool, "mistake-1")} == {
        ("failed", "KeyError"),
        ("sent", None),
    }


async def test_a_notice_that_another_release_wrote_holds_up_no_other(pool: Pool, clock: HandClock) -> None:
    await climbed(pool, "strange-1", "head@go.id")
    await pool.execute("update notices set what = 'of-tomorrow' where case_id = 'strange-1'")
    await climbed(pool, "strange-2", "head@go.id")
    assert (await Dispatcher(pool, [Letterbox()], clock=clock).one_pass()).sent == 1
    assert await states(pool, "strange-1") == ["failed"]
    assert await states(pool, "strange-2") == ["sent"]


async def test_who_has_no_contact_is_told_once_there_is_one(pool: Pool, clock: HandClock) -> None:
    await commit(pool, climb("nobody-1"))
    box = Letterbox()
    dispatcher = Dispatcher(pool, [box], clock=clock)
    assert await dispatcher.one_pass() == Done(nobody=2)
    assert await states(pool, "nobody-1") == ["nobody to tell"]
    await contacts.replace(pool, office("head", "nobody-1"), ["new@go.id"], clock())
    assert await dispatcher.one_pass() == Done(sent=1)
    assert len(box.letters("new@go.id")) == 1


async def test_what_was_on_its_way_to_an_old_address_goes_to_the_new_one(pool: Pool, clock: HandClock) -> None:
    await climbed(pool, "moved-1", "old@go.id")
    box = Letterbox(refuses={"old@go.id"})
    dispatcher = Dispatcher(pool, [box], clock=clock)
    await dispatcher.one_pass()
    await contacts.replace(pool, office("head", "moved-1"), ["new@go.id"], clock())
    assert await dispatcher.one_pass() == Done(sent=1)
    assert len(box.letters("new@go.id")) == 1
    await contacts.replace(pool, office("head", "moved-1"), ["newer@go.id"], clock())
    assert await dispatcher.one_pass() == Done()  # what has arrived is not news any more
    [line] = await of_head(pool, "moved-1")
    assert (line.state, line.address) == ("sent", None)  # the old address is gone from here, too


async def test_nobody_is_told_in_quiet_hours_even_when_the_dispatcher_comes_late(pool: Pool, clock: HandClock) -> None:
    policy = await policy_with(pool, NIGHT, name="dispatch-quiet")
    await contacts.replace(pool, office("head", "quiet-1"), ["head@go.id"], NOON)
    evening = wib(27, 19, 59)  # a Friday
    await commit(pool, climb("quiet-1", at=evening, policy_version=policy.version), policy)
    [line] = await of_head(pool, "quiet-1")
    assert line.not_before == evening

    box = Letterbox()
    dispatcher = Dispatcher(pool, [box], clock=clock)
    for clock.now in (wib(27, 20), wib(28, 12), wib(30, 5, 59)):
        assert await dispatcher.one_pass() == Done()
    assert await states(pool, "quiet-1") == ["waiting"]
    clock.now = wib(30, 6)
    assert (await dispatcher.one_pass()).sent == 1


async def test_a_retry_waits_for_the_end_of_quiet_hours_and_is_no_try_meanwhile(pool: Pool, clock: HandClock) -> None:
    policy = await policy_with(pool, NIGHT, name="dispatch-retry")
    await contacts.replace(pool, office("head", "quiet-2"), ["head@go.id"], NOON)
    await commit(pool, climb("quiet-2", at=wib(26, 19, 59), policy_version=policy.version), policy)
    box = Letterbox(refuses={"head@go.id"})
    dispatcher = Dispatcher(pool, [box], clock=clock)
    clock.now = wib(26, 19, 59)
    assert (await dispatcher.one_pass()).failed == 1
    clock.now = wib(26, 20, 30)
    assert await dispatcher.one_pass() == Done()
    [line] = await of_head(pool, "quiet-2")
    assert (line.attempts, line.next_attempt_at) == (1, wib(27, 6))
    box.refuses.clear()
    clock.now = wib(27, 6)
    assert (await dispatcher.one_pass()).sent == 1


async def test_waiting_merges_nothing(pool: Pool, clock: HandClock) -> None:
    policy = await policy_with(pool, NIGHT, name="dispatch-two")
    await contacts.replace(pool, office("head", "quiet-3"), ["head@go.id"], NOON)
    for n in range(2):
        request = climb("quiet-3", at=wib(28, 10 + n), seq=1 + 2 * n, policy_version=policy.version)
        await commit(pool, request, policy)
    box = Letterbox()
    clock.now = wib(30, 8)
    assert (await Dispatcher(pool, [box], clock=clock).one_pass()).sent == 2
    bodies = [said.body for said in box.letters("head@go.id")]  # handed out side by side, in any order
    told = [[moment in body for moment in ("2026-11-28 10:00 WIB", "2026-11-28 11:00 WIB")] for body in bodies]
    assert sorted(told) == [[False, True], [True, False]]


async def test_what_goes_to_a_channel_that_is_not_set_up_waits(pool: Pool, clock: HandClock) -> None:
    await climbed(pool, "no-channel", "head@go.id")
    for destinations in ([], [Letterbox(channel="pigeon")]):
        assert (await Dispatcher(pool, destinations, clock=clock).one_pass()).sent == 0
        assert await states(pool, "no-channel") == ["pending"]
    assert (await Dispatcher(pool, [Letterbox()], clock=clock).one_pass()).sent == 1


async def test_more_notices_than_fit_into_one_transaction_are_all_told(pool: Pool, clock: HandClock) -> None:
    warned = tuple(happened(TransitionKind.ASKED, seq) for seq in range(1, 451))
    await contacts.replace(pool, "reporter:many-1", ["reporter@go.id"], NOON)
    await commit(pool, CommitRequest(case=case("many-1", seq=450), transitions=warned))
    assert (await Dispatcher(pool, [Letterbox()], clock=clock).one_pass()).sent == 450


# The loop


class FlakyPool:
    """A pool whose database is away at first."""

    def __init__(self, pool: Pool, failures: int) -> None:
        self._pool = pool
        self.ring = pool.ring
        self.failures = failures

    def acquire(self) -> Any:
        if self.failures:
            self.failures -= 1
            raise ConnectionRefusedError
        return self._pool.acquire()


async def until_told(box: Letterbox, told: asyncio.Event) -> None:
    box.after = lambda _: told.set()
    async with asyncio.timeout(20):
        await told.wait()


async def test_the_loop_outlasts_an_outage_of_the_database_and_says_so_once(pool: Pool, clock: HandClock) -> None:
    await climbed(pool, "loop-1", "head@go.id")
    box, flaky = Letterbox(), FlakyPool(pool, 3)
    dispatcher: Any = Dispatcher(flaky, [box], clock=clock, pause_seconds=0.001)  # type: ignore[arg-type]
    with capture_logs() as logs:
        running = asyncio.create_task(dispatcher.run())
        await until_told(box, asyncio.Event())
        dispatcher.stop()
        await running
    assert [line["event"] for line in logs] == ["notices wait for the database"]
    assert await states(pool, "loop-1") == ["sent"]


async def test_the_loop_ends_what_is_under_way_and_then_itself(pool: Pool, database_url: str) -> None:
    box = Letterbox()
    await climbed(pool, "loop-2", "head@go.id", at=NOON - 365 * DAY)
    async with dispatching(database_url, [box]):
        await until_told(box, asyncio.Event())  # at which moment nothing is recorded yet
    assert await states(pool, "loop-2") == ["sent"]
    assert len(box.letters("head@go.id")) == 1


# What is said


async def test_people_read_indonesian_first_and_moments_in_their_own_zone(pool: Pool, clock: HandClock) -> None:
    policy = await policy_with(pool, NIGHT, name="dispatch-words")
    await contacts.replace(pool, office("head", "words-1"), ["head@go.id"], NOON)
    clock.now = wib(24, 9)
    await commit(pool, climb("words-1", at=clock.now, policy_version=policy.version), policy)
    box = Letterbox()
    await Dispatcher(pool, [box], clock=clock).one_pass()
    [said] = box.letters("head@go.id")
    assert said.subject == "[Kawal words-1] Laporan naik ke tingkat Anda / A case has climbed to you"
    indonesian, english = said.body.split("-" * 40)
    for part, words in (
        (indonesian, ("Nomor laporan: words-1", "Status: ditugaskan", "Batas waktu: 2026-11-26 09:00 WIB")),
        (english, ("Case: words-1", "Status: assigned", "Deadline: 2026-11-26 09:00 WIB", "Has to act: head@words-1")),
    ):
        for word in words:
            assert word in part


@pytest.mark.parametrize("kind", list(TransitionKind))
async def test_every_notice_has_its_words(kind: TransitionKind) -> None:
    from domain.notices import notices as told  # noqa: PLC0415

    for notice in told(case(), happened(kind)):
        said = letter(notice, zone_named("Asia/Jakarta"))
        assert case().case_id in said.subject
        assert "{" not in said.body


# The commands


@pytest.fixture
async def shell(database_url: str) -> AsyncIterator[Shell]:
    with scratch_folder() as folder:
        yield Shell(folder, {"KAWAL_DATABASE_URL": database_url})


async def test_a_contact_is_set_listed_and_removed_without_being_shown(shell: Shell) -> None:
    told = await shell.ok("contact", "set", "head@CLI", "budi@go.id", "siti@go.id")
    for said in (told.out, (await shell.ok("contact", "list")).out):
        assert "b***@go.id" in said
        assert "s***@go.id" in said
        assert "budi" not in said
    document = await shell.document("contact", "list", "head@CLI")
    assert document["contacts"][0] == {"recipient": "head@CLI", "channel": "email", "address": "b***@go.id"}
    assert "has no contact any more" in (await shell.ok("contact", "remove", "head@CLI")).out
    assert await shell.document("contact", "list", "head@CLI") == {"contacts": []}


@pytest.mark.parametrize(
    ("arguments", "mend"),
    [
        (("contact", "set", "CLI", "a@go.id"), "recipient: write role@agency"),
        (("contact", "set", "head@CLI", "a@go.id", "secret name"), "email: number 2 is no address"),
        (("notice", "resend", "999999"), "notice: there is none with the id 999999"),
    ],
)
async def test_what_is_wrong_is_refused_with_the_mend(shell: Shell, arguments: tuple[str, ...], mend: str) -> None:
    for_people, for_machines = await shell.both(*arguments)
    assert mend in for_people.err
    assert mend in for_machines.error
    assert "secret" not in for_people.err


async def test_dead_notices_are_listed_and_sent_again(pool: Pool, shell: Shell, clock: HandClock) -> None:
    await climbed(pool, "cli-1", "broken@go.id")
    box = Letterbox(refuses={"broken@go.id"})
    dispatcher = Dispatcher(pool, [box], clock=clock, retries=Retries(tries=1))
    assert (await dispatcher.one_pass()).dead == 1

    [line] = (await shell.document("notice", "list", "--dead"))["notices"]
    assert (line["case_id"], line["last_error"], line["address"]) == ("cli-1", "mailbox full 452", "b***@go.id")
    listed = await shell.ok("notice", "list", "--case", "cli-1")
    for word in ("dead", "nobody"):
        assert word in listed.out
    assert "broken@" not in listed.out

    assert "goes out again" in (await shell.ok("notice", "resend", str(line["notice"]))).out
    box.refuses.clear()
    clock.go_on(3650 * DAY)  # the command goes by the clock of this machine
    assert (await dispatcher.one_pass()).sent == 1
    refused = (await shell.run("notice", "resend", str(line["notice"]), "--json")).error
    assert "it has arrived everywhere" in refused
    assert await shell.document("notice", "list", "--dead") == {"notices": []}
