"""What happens to cases, line by line, for whoever watches `kawal dev`."""

import asyncio

import asyncpg

from cli.output import to_people
from storage import case_records, database

_PAUSE_SECONDS = 0.5
_COLOURS = {"warned": "yellow", "breached": "red", "escalated": "magenta", "responded": "green", "closed": "green"}


async def tell(pool: database.Pool) -> None:
    """Print every transition that is recorded from now on, without end; wait while the database is away."""
    last = None
    while True:
        try:
            last, lines = await case_records.recorded_after(pool, last)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            lines = []
        for line in lines:
            colour = _COLOURS.get(line["kind"], "default")
            proposal = f" [red]{line['proposals']} sanction proposed[/red]" if line["proposals"] else ""
            to_people.print(
                f"  [dim]{line['at']:%H:%M:%S}[/dim]  {line['case_id']}  [{colour}]{line['kind']}[/{colour}]"
                f"  level {line['level']}, {line['holder']}{proposal}",
                soft_wrap=True,
            )
        await asyncio.sleep(_PAUSE_SECONDS)
