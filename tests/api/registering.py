"""Agencies in whose registers something stands."""

from datetime import UTC, datetime, timedelta
from itertools import count

from schemas.case import CommitRequest, TransitionKind
from storage import case_records, policies, scorecard_feed
from tests import registers
from tests.api.house import House
from tests.gateway.telling import case, happened
from tests.registers import late_again

_NUMBERS = count(1)


def a_name(of: str) -> str:
    """Return a name that nothing else has."""
    return f"{of}-{next(_NUMBERS)}"


async def told_of_late_cases(house: House, agency: str, cases: int = 2, decider: str | None = None) -> None:
    """Let an agency's operator be late: in two cases, the third entry of its register proposes something for both.

    The cases are `<agency>-1`, `<agency>-2`; the head of division decides, unless it is another office.
    """
    policy = registers.policy(agency, late_again())
    await policies.publish(house.pool, policy)
    for n in range(1, cases + 1):
        entry = registers.entry(
            f"{agency}-{n}",
            at=datetime.now(UTC) - timedelta(days=cases + 1 - n),
            agency=agency,
            subject=f"operator@{agency}",
            deciders=(decider or f"head-of-division@{agency}",),
        )
        async with house.pool.acquire() as connection, connection.transaction():
            request = registers.committed(policy, agency, entry, case_id=entry.case_id)
            await scorecard_feed.enqueue(connection, request)
    registry = house.gateway.registers
    await registry.deliver()
    expected = cases + max(cases - 1, 0)
    async for _ in registry.handle(agency).fetch_history_events(wait_new_event=True):
        if len(await registry.list(agency=agency)) >= expected:
            break


async def becomes_a_report_about(house: House, case_id: str, accused: str) -> None:
    """Let a case that an agency had turn out to accuse it."""
    holders = (f"operator@{accused}", "officer@INSPECTORATE")
    standing = case(
        case_id, seq=1, agency="INSPECTORATE", owners=holders[1:], watchers=holders, bypassed=accused, level=0
    )
    request = CommitRequest(case=standing, transitions=(happened(TransitionKind.VERIFIED),))
    assert (await case_records.commit(house.pool, request)).written
