"""What `kawal dev` says once everything runs: what to open, and what to try."""

import shlex
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client
from temporalio.common import TypedSearchAttributes

from cli import examples
from cli.output import moment, say
from gateway.starter import Starter
from schemas.policy import Policy
from storage import policies
from workflows.search_attributes import DUE, LEVEL

_SHOWN = 4
_SOON = timedelta(minutes=2)
_EVER = timedelta(days=3650)


async def say_what_to_try(
    addresses: dict[str, Any], kawal: Starter, policy: Policy, *, with_examples: bool, durable: bool
) -> None:
    """Introduce the running system to a person at a terminal; start the examples unless there is something to watch."""
    cases = await _going_on(kawal.client, within=_SOON if with_examples else _EVER)
    if with_examples and not cases:
        shown = await examples.submit(kawal, policy.name)
        cases = [(example.case.case_id, example.shows) for example in shown]
    after = "the next start goes on where it was" if durable else "nothing is kept"
    say(f"\n[bold]Kawal runs.[/bold] Ctrl-C stops it; {after}.\n")
    say(f"  Open   {addresses['temporal_ui']}   every case, in Temporal's own pages")
    say(f"  Open   {addresses['gateway']}/openapi.json   the HTTP interface; tokens for it are in the ready file")
    for case_id, what in cases:
        say(f"  Case   {case_id}   {what}")
    say(f"\nTry in another terminal{', in this folder' if durable else ''}:\n")
    if not durable:
        say(f"  export KAWAL_DATABASE_URL='{addresses['database']}' TEMPORAL_ADDRESS={addresses['temporal']} \\")
        say(f"    KAWAL_KEYS='{addresses['keys']}'")
    for line in _commands(cases, await _submission(kawal, policy)):
        say(f"  {_program()} {line}")
    say("\nWhat happens (level 0 is the lowest; times are UTC):\n")


async def _going_on(client: Client, *, within: timedelta) -> list[tuple[str, str]]:
    """Name a few open cases that are due within a time."""
    query = (
        "WorkflowType = 'Complaint' and ExecutionStatus = 'Running'"
        f" and {DUE.name} < '{(datetime.now(UTC) + within).isoformat(timespec='seconds')}'"
    )
    executions = client.list_workflows(query, limit=_SHOWN)
    return [(one.id, f"goes on: {_standing(one.typed_search_attributes)}") async for one in executions]


def _standing(shown: TypedSearchAttributes) -> str:
    return f"level {shown[LEVEL]}, due {moment(shown[DUE])}"


def _commands(cases: list[tuple[str, str]], submission: str) -> Iterator[str]:
    case = cases[min(1, len(cases) - 1)][0] if cases else "CASE"
    if not cases:
        yield submission
    yield f"show {case}"
    yield f'respond {case} --text "Sudah kami tangani."'
    if cases:
        yield submission
    yield "audit replay --all"


async def _submission(kawal: Starter, policy: Policy) -> str:
    """Make up a complaint that somebody is in charge of under this policy."""
    route = next(iter(policy.routes), None)
    category = route.category if route else policy.categories[0].code
    region = (route and route.region) or next((region.code for region in policy.regions), None)
    alone = len(await policies.in_force(kawal.pool, datetime.now(UTC))) == 1
    options = {
        "--category": category,
        "--region": region,
        "--text": "Mohon segera diperbaiki.",
        "--policy": None if alone else policy.name,
    }
    return shlex.join(["submit", *(word for name, value in options.items() if value for word in (name, value))])


def _program() -> str:
    """Return how this command was called, shortened to its name where a shell finds it by that."""
    called = Path(sys.argv[0])
    found = shutil.which(called.name)
    return called.name if found and Path(found).samefile(called) else shlex.quote(str(called))
