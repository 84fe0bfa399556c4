"""The event that closes a ticket ran into a deadlock and was retried for ever (seen in alga-psa).

Whatever makes a handler raise (nonsense, messages out of place, a database that says no) fails no workflow task, and
the case goes on.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowUpdateFailedError
from temporalio.common import RawValue

from gateway.refusals import RefusedError
from schemas.status import Status
from tests import making
from tests.kawal import Handle, Kawal
from tests.peers.following import no_task_failed, replays, says

JSON = {"encoding": b"json/plain"}
NAMES = ("verify", "respond", "coordinate", "merge", "rate", "pause", "recalculate", "close", "\x00")
NONSENSE: list[Any] = [
    None,
    {},
    [],
    "words",
    10**400,
    {"message_id": "\x00", "actor": {"id": "x"}},
    {"message_id": "m", "actor": {"id": "a", "role": "king"}},
    {"message_id": ["m"], "actor": [], "limit": "soon", "calendar": {"zone": 1}, "score": 10**30},
    RawValue(Payload(metadata=JSON, data=b"[" * 100_000)),
    RawValue(Payload(metadata=JSON, data=b'{"message_id": ')),
    RawValue(Payload(metadata=JSON, data=b"\xff\xfe")),
    RawValue(Payload(metadata={"encoding": b"json/protobuf", "messageType": b"no.Such"}, data=b"{}")),
    RawValue(Payload()),
]


async def still_usable(kawal: Kawal, case: Handle) -> None:
    """Check that an open case takes an answer and ends, without a failed task on the way, and replays."""
    await ends(kawal, case)
    assert await no_task_failed(case)


async def ends(kawal: Kawal, case: Handle) -> None:
    """Check that an open case takes an answer and ends, and replays."""
    await says(kawal, case, "respond", evidence=("photo-1",))
    await says(kawal, case, "rate", score=5)
    assert (await case.result()).status is Status.CLOSED
    assert await replays(kawal, case)


async def test_nonsense_under_any_name_leaves_the_case_usable(kawal: Kawal) -> None:
    async def hears(nonsense: Any) -> None:
        case = await kawal.open(making.whole_policy())
        await asyncio.gather(*(case.signal(name, nonsense) for name in NAMES))
        for name in ("respond", "recalculate", "close"):
            with pytest.raises(WorkflowUpdateFailedError):
                await case.execute_update(name, nonsense)
        await still_usable(kawal, case)
        assert (await kawal.kinds(case.id)).count("message refused") == len(NAMES)

    await asyncio.gather(*(hears(nonsense) for nonsense in NONSENSE))


FIELDS: dict[str, dict[str, Any]] = {
    "verify": {"category": "moon"},
    "provide": {},
    "transfer": {"agency": "NO-SUCH-AGENCY", "reason": "wrong-agency"},
    "coordinate": {"agencies": ("ROADS", "NO-SUCH-AGENCY")},
    "refer": {"addressee": "NOBODY"},
    "appeal": {},
    "merge": {"into": "case-that-never-was"},
    "unmerge": {},
    "reopen": {},
    "rate": {"score": 1},
    "pause": {"limit": "91 days", "reason": "waits-for-court"},
    "resume": {},
    "extend": {"by": "6 days", "reason": "parts-ordered"},
    "disprove": {},
}
"""Messages that are well formed, and that an open case has reasons to refuse."""


async def test_every_message_that_is_refused_says_why_and_leaves_the_case_usable(kawal: Kawal) -> None:
    case = await kawal.open(making.whole_policy())
    taken, reasons = [], []
    for kind, fields in FIELDS.items():
        await case.signal(kind, making.message(kind, f"{kind}-signal", **fields))
        try:
            await says(kawal, case, kind, **fields)
        except RefusedError as refused:
            reasons.append(str(refused))
        else:
            taken.append(kind)
    assert all(reasons)
    assert taken in ([], ["verify"])  # a category that nobody knows takes the case to triage
    await still_usable(kawal, case)


async def test_more_signals_in_one_breath_than_temporal_holds_back_leave_the_case_usable_and_are_all_heard_once(
    kawal: Kawal,
) -> None:
    case = await kawal.open(making.whole_policy())
    notes = [case.signal("note", making.message("note", f"note-{n}")) for n in range(60)]
    noise = [case.signal("respnd", n) for n in range(60)]
    await asyncio.gather(*notes, *noise)
    await ends(kawal, case)  # the server may have taken a task away from the worker: it holds back a hundred signals
    kinds = await kawal.kinds(case.id)
    assert (kinds.count("noted"), kinds.count("message refused")) == (60, 60)


@asynccontextmanager
async def refusing(kawal: Kawal, case_id: str, table: str, times: int) -> AsyncIterator[None]:
    """Let PostgreSQL refuse the next writes of a case to a table, so many times; the count survives rollbacks."""
    await kawal.pool.execute(
        "create sequence refusals;"
        f" create function refuse() returns trigger language plpgsql as $$ begin"
        f" if new.case_id = '{case_id}' then if nextval('refusals') <= {times} then"
        f" raise exception 'no' using errcode = 'deadlock_detected'; end if; end if; return new; end $$;"
        f" create trigger refusing before insert or update on {table} for each row execute function refuse();"
    )
    try:
        yield
    finally:
        await kawal.pool.execute(f"drop trigger refusing on {table}; drop function refuse; drop sequence refusals")


@pytest.mark.parametrize(("table", "times"), [("cases", 1), ("timeline", 2)])
async def test_a_database_that_refuses_the_commit_of_an_answer_holds_it_up_and_loses_nothing(
    kawal: Kawal, table: str, times: int
) -> None:
    case = await kawal.open(making.whole_policy())
    async with refusing(kawal, case.id, table, times):
        receipt = await says(kawal, case, "respond", evidence=("photo-1",))
        refused = await kawal.pool.fetchval("select last_value from refusals")
    assert refused > times
    assert receipt.status == Status.RESOLVED
    await says(kawal, case, "rate", score=5)
    assert (await case.result()).status is Status.CLOSED
    assert await kawal.kinds(case.id) == ["received", "assigned", "responded", "rated", "closed"]
    assert await no_task_failed(case)
    assert await replays(kawal, case)
