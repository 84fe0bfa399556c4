"""The mail server was down, and an escalation was applied by half: the ticket had moved, the rest had not (seen in
django-helpdesk).

A notice is written in the same transaction as what it tells of, and told later by somebody else. A mail server that is
down, or never answers, holds up no case and takes nothing away from it.
"""

import asyncio
from datetime import timedelta

from gateway.notices import Dispatcher
from schemas.case import CaseView
from storage import contacts, notices
from tests import making
from tests.gateway.telling import HandClock, forget_everything
from tests.kawal import Handle, Kawal
from tests.peers.following import no_task_failed, roads_of
from tests.peers.post_office import PostOffice

ROLES = ("operator", "head-of-division", "head-of-agency")


async def climbed(kawal: Kawal, agency: str) -> tuple[Handle, CaseView]:
    """Return a case that nobody answered for 25 days, and how it stands."""
    for role in ROLES:
        await contacts.replace(kawal.pool, f"{role}@{agency}", [f"{role}@{agency.lower()}.go.id"], making.NOON)
    case = await kawal.open(roads_of(agency, making.whole_policy()))
    return case, await kawal.pass_time(case, timedelta(days=25))


async def escalated_as_a_whole(kawal: Kawal, case: Handle, view: CaseView, agency: str) -> None:
    """Check that a case has climbed twice, with everything that belongs to it."""
    assert view.owners == (f"head-of-agency@{agency}",)
    assert await kawal.stored(case.id) == view
    kinds = await kawal.kinds(case.id)
    assert [kinds.count(kind) for kind in ("breached", "escalated")] == [2, 2]
    assert [entry.subject for entry in await kawal.ledger(case.id)] == [f"{role}@{agency}" for role in ROLES[:2]]
    told = [(line.what, line.recipient) for line in reversed(await notices.lines(kawal.pool, case_id=case.id))]
    assert [found for found in told if found[0] in ("overdue", "escalated-to-you")] == [
        ("overdue", f"operator@{agency}"),
        ("escalated-to-you", f"head-of-division@{agency}"),
        ("overdue", f"head-of-division@{agency}"),
        ("escalated-to-you", f"head-of-agency@{agency}"),
    ]
    assert await no_task_failed(case)


async def test_a_mail_server_that_is_down_holds_up_no_escalation_and_everybody_hears_once_when_it_is_back(
    kawal: Kawal,
) -> None:
    await forget_everything(kawal.pool)
    post_office, clock = PostOffice(), HandClock(making.NOON + timedelta(days=3650))
    dispatcher = Dispatcher(kawal.pool, [post_office.smtp], clock=clock, pause_seconds=0.01)
    telling = asyncio.create_task(dispatcher.run())
    case, view = await climbed(kawal, "MAIL-DOWN")
    await escalated_as_a_whole(kawal, case, view, "MAIL-DOWN")
    dispatcher.stop()
    await telling

    lines = await notices.lines(kawal.pool, case_id=case.id)
    assert not any(line.sent_at for line in lines)
    assert {line.state for line in lines} <= {"waiting", "pending", "failed"}
    with post_office.opened():
        for _ in range(3):
            clock.go_on(timedelta(days=1))
            await Dispatcher(kawal.pool, [post_office.smtp], clock=clock).one_pass()
    for role in ROLES:
        about = post_office.subjects(f"{role}@mail-down.go.id")
        assert len(about) == sum(line.recipient == f"{role}@MAIL-DOWN" for line in lines) > 0


async def test_a_mail_server_that_never_answers_holds_up_no_escalation(kawal: Kawal) -> None:
    await forget_everything(kawal.pool)
    post_office, clock = PostOffice(), HandClock(making.NOON + timedelta(days=3650))
    async with post_office.silent():
        telling = asyncio.create_task(Dispatcher(kawal.pool, [post_office.smtp], clock=clock).run())
        case, view = await climbed(kawal, "MAIL-MUTE")
        await escalated_as_a_whole(kawal, case, view, "MAIL-MUTE")
        assert not telling.done()
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)
    assert not any(line.sent_at for line in await notices.lines(kawal.pool, case_id=case.id))


async def test_an_escalation_and_its_notices_become_true_in_one_transaction_or_not_at_all(kawal: Kawal) -> None:
    case = await kawal.open(roads_of("MAIL-BOTH", making.whole_policy()))
    await kawal.pool.execute(
        "create sequence refused_notices;"
        " create function refuse_notice() returns trigger language plpgsql as $$ begin"
        f" if new.case_id = '{case.id}' and nextval('refused_notices') <= 2 then raise exception 'no'; end if;"
        " return new; end $$;"
        " create trigger refusing before insert on notices for each row execute function refuse_notice()"
    )
    try:
        await kawal.pass_time(case, timedelta(days=9))
        assert (await kawal.kinds(case.id)).count("warned") == 1
        await kawal.pass_time(case, timedelta(days=2))
        assert await kawal.pool.fetchval("select last_value > 2 from refused_notices")
    finally:
        await kawal.pool.execute(
            "drop trigger refusing on notices; drop function refuse_notice; drop sequence refused_notices"
        )
    assert await kawal.kinds(case.id) == ["received", "assigned", "warned", "breached", "escalated"]
    told = [line.what for line in reversed(await notices.lines(kawal.pool, case_id=case.id))]
    assert told == ["assigned-to-you", "due-soon", "overdue", "escalated-to-you"]
    together = await kawal.pool.fetch(
        "select t.xmin::text = n.xmin::text as same from timeline t join notices n using (case_id, seq)"
        " where case_id = $1 union all"
        " select t.xmin::text = l.xmin::text from timeline t join sanction_ledger l using (case_id, seq)"
        " where case_id = $1",
        case.id,
    )
    assert [row["same"] for row in together] == [True] * 5
