"""The command after a decree: open cases reckon their deadlines by the calendar that is in force now."""

import asyncio
from collections import Counter, defaultdict
from datetime import timedelta
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import Progress

from cli.connection import EXPECTED, AwayError, records, starter
from cli.output import Json, as_json, clear_errors, progress_console, say
from gateway import recalculation
from gateway.recalculation import Outcome, Recalculated, Recalculation
from gateway.refusals import NoAnswerError
from gateway.starter import Starter
from runtime import settings

_MOST_LINES = 20
_LONGEST_BASIS = 200
_FAILED = (Outcome.REFUSED, Outcome.UNANSWERED)


def _a_basis(text: str) -> str:
    if not text.strip() or len(text) > _LONGEST_BASIS:
        raise typer.BadParameter(f"name the decree, in 1 to {_LONGEST_BASIS} letters")
    return text


def recalculate(
    policy: Annotated[str, typer.Option("--policy", metavar="NAME", help="The policy's name; its version in force.")],
    basis: Annotated[
        str, typer.Option("--basis", metavar="TEXT", callback=_a_basis, help="The decree that changed the calendar.")
    ],
    case: Annotated[str | None, typer.Option("--case", metavar="CASE", help="Only this case.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", metavar="", help="Say what would move, and change nothing.")
    ] = False,
    json: Json = False,
) -> None:
    """Move the deadlines of open cases to the calendar that kawal init published last; none moves into the past.

    May be stopped and repeated: a case is recalculated once for each version.
    """

    async def run() -> bool:
        if dry_run:
            async with records(settings.load().database_url) as pool:
                plan = await recalculation.prepare(pool, policy, basis, case)
                found = [outcome async for outcome in recalculation.foresee(pool, plan)]
        else:
            async with starter() as kawal:
                plan = await recalculation.prepare(kawal.pool, policy, basis, case)
                found = await _carry_out(kawal, plan)
        if json:
            as_json(_document(plan, found, dry_run))
        else:
            _print(plan, found, dry_run)
        return not any(outcome.outcome in _FAILED for outcome in found)

    with clear_errors(json, *EXPECTED):
        went_well = asyncio.run(run())
    if not went_well:
        raise typer.Exit(1)


async def _carry_out(kawal: Starter, plan: Recalculation) -> list[Recalculated]:
    found = []
    try:
        with Progress(console=progress_console, transient=True, disable=not progress_console.is_terminal) as progress:
            task = progress.add_task("Recalculating", total=len(plan.cases))
            async for outcome in recalculation.carry_out(kawal, plan):
                found.append(outcome)
                progress.advance(task)
    except NoAnswerError as error:
        raise AwayError(
            f"{error}. Start one with kawal worker, then repeat the command: it goes on where it was"
        ) from error
    return found


def _document(plan: Recalculation, found: list[Recalculated], dry_run: bool) -> dict[str, Any]:
    number = Counter(outcome.outcome for outcome in found)
    return {
        "policy": plan.policy.name,
        "version": plan.policy.version,
        "basis": plan.basis,
        "dry_run": dry_run,
        "counts": {outcome.value: number[outcome] for outcome in Outcome},
        "cases": found,
    }


def _print(plan: Recalculation, found: list[Recalculated], dry_run: bool) -> None:
    name = escape(f"{plan.policy.name} (version {plan.policy.version})")
    if not found:
        say(f"Every open case that was asked for reckons by the calendar of {name} already.")
        return
    number = Counter(outcome.outcome for outcome in found)
    verbs = ("would move", "would stay") if dry_run else ("moved", "stayed as they were")
    said = [f"{number[Outcome.MOVED]} {verbs[0]}", f"{number[Outcome.STAYED]} {verbs[1]}"]
    said += [f"{number[outcome]} {words}" for outcome, words in _OTHERWISE.items() if number[outcome]]
    say(f"Of {len(found)} open cases that reckoned by another calendar than that of {name}: {', '.join(said)}.")
    for clock, shifts in sorted(_shifts(found).items()):
        say(f"  {escape(clock)} deadlines: {len(shifts)}, {_in_words(min(shifts))} to {_in_words(max(shifts))}")
    failed = [outcome for outcome in found if outcome.outcome in _FAILED]
    for outcome in failed[:_MOST_LINES]:
        say(f"[red]{escape(outcome.case_id)}[/red]: {escape(outcome.problem or outcome.outcome)}")
    if len(failed) > _MOST_LINES:
        say(f"... and {len(failed) - _MOST_LINES} more; --json names them all.")
    if number[Outcome.UNANSWERED]:
        say("Repeat the command for those that did not answer.")


_OTHERWISE = {
    Outcome.CLOSED: "were closed meanwhile",
    Outcome.REFUSED: "refused",
    Outcome.UNANSWERED: "did not answer",
}


def _shifts(found: list[Recalculated]) -> dict[str, list[timedelta]]:
    """Return by how much deadlines moved, by the kind of their clock."""
    shifts = defaultdict[str, list[timedelta]](list)
    for outcome in found:
        for move in outcome.moves:
            shifts["of parts" if move.clock.startswith("part of") else move.clock].append(move.by)
    return shifts


def _in_words(shift: timedelta) -> str:
    return f"{abs(shift)} {'earlier' if shift < timedelta() else 'later'}"
