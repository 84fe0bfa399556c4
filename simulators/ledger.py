"""The books: money that came in or went out, each once, with its receipt."""

import hashlib
from datetime import date
from typing import Any, Literal

from simulators.moments import book_date, iso
from simulators.store import Store

Kind = Literal["payment", "cod", "payout", "refund"]
KINDS: tuple[Kind, ...] = ("payment", "cod", "payout", "refund")


class Ledger:
    """All money that the carrier has touched."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def book(self, kind: Kind, origin: str, reference_id: str, amount: int, at: float) -> str:
        """Book money of an order or a payment, and return its receipt; for one origin it happens once."""
        receipt = f"{kind.upper()}-{hashlib.sha256(f'{kind}/{origin}'.encode()).hexdigest()[:16].upper()}"
        self._store.run(
            "INSERT OR IGNORE INTO money VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(receipt, kind, origin, reference_id, amount, iso(at), book_date(at).isoformat()),
        )
        return receipt

    def booked(self, kind: Kind, origin: str) -> dict[str, Any] | None:
        """Return what was booked for an order or a payment."""
        row = self._store.one("SELECT * FROM money WHERE kind = ? AND origin = ?", kind, origin)
        return dict(row) if row else None

    def settlement(self, day: date) -> dict[str, Any]:
        """Return all that was booked on a day in Jakarta."""
        rows = self._store.all(
            "SELECT kind, receipt, reference_id, amount, at FROM money WHERE date = ? ORDER BY at, receipt",
            day.isoformat(),
        )
        return {"date": day.isoformat(), "lines": [dict(row) for row in rows]}
