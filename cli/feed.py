"""What happens to cases, line by line, for whoever watches `kawal dev`."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from rich.markup import escape

from cli.output import say
from storage import case_records, database

_PAUSE_SECONDS = 0.5
_OVERLAP = timedelta(seconds=5)
"""A transition carries the moment its transaction began, and is seen only once that ends: look back so far."""
_COLOURS = {"warned": "yellow", "breached": "red", "escalated": "magenta", "responded": "green", "closed": "green"}


class Feed:
    """Tells every transition once."""

    def __init__(self, pool: database.Pool, *, since: datetime) -> None:
        """Take the moment from which on transitions are told."""
        self._pool = pool
        self._since = since
        self._told: set[tuple[object, ...]] = set()

    async def tell(self) -> None:
        """Print what is recorded, without end; wait while the database is away."""
        start = self._since
        while True:
            try:
                now, lines = await case_records.recorded_after(self._pool, self._since)
            except database.AWAY:
                pass
            else:
                self._tell_new(lines)
                self._since = max(start, now - _OVERLAP)
            await asyncio.sleep(_PAUSE_SECONDS)

    def _tell_new(self, lines: list[Any]) -> None:
        recent = {(line["case_id"], line["kind"], line["at"], line["level"]): line for line in lines}
        for key, line in recent.items():
            if key not in self._told:
                say(_in_words(line))
        self._told = set(recent)


def _in_words(line: Any) -> str:
    colour = _COLOURS.get(line["kind"], "default")
    number = line["proposals"]
    proposed = f"   [red]{number} sanction{'s' if number > 1 else ''} proposed[/red]" if number else ""
    return (
        f"  [dim]{line['at']:%H:%M:%S}[/dim]  {line['case_id']}  [{colour}]{line['kind']:<12}[/{colour}]"
        f"  level {line['level']}, {escape(line['holder'])}{proposed}"
    )
