"""Everything that the carrier has to remember, in one SQLite file that outlives a kill, or in memory."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simulators.moments import now

_TABLES = """
CREATE TABLE IF NOT EXISTS settings (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, count INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS keys (key TEXT PRIMARY KEY, digest TEXT NOT NULL, answer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
    number INTEGER PRIMARY KEY, order_id TEXT UNIQUE NOT NULL, reference_id TEXT NOT NULL, scenario TEXT NOT NULL,
    status TEXT NOT NULL, request TEXT NOT NULL, answer TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS orders_by_reference ON orders (reference_id);
CREATE TABLE IF NOT EXISTS steps (
    id INTEGER PRIMARY KEY, order_id TEXT NOT NULL, due REAL NOT NULL, step TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS steps_by_due ON steps (due, id);
CREATE INDEX IF NOT EXISTS steps_by_order ON steps (order_id);
CREATE TABLE IF NOT EXISTS events (
    id INTEGER PRIMARY KEY, order_id TEXT NOT NULL, status TEXT NOT NULL, body TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS events_by_order ON events (order_id);
CREATE TABLE IF NOT EXISTS claims (
    id INTEGER PRIMARY KEY, order_id TEXT NOT NULL, reason TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS payments (
    number INTEGER PRIMARY KEY, payment_code TEXT UNIQUE NOT NULL, reference_id TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS money (
    receipt TEXT PRIMARY KEY, kind TEXT NOT NULL, origin TEXT NOT NULL, reference_id TEXT NOT NULL,
    amount INTEGER NOT NULL, at TEXT NOT NULL, date TEXT NOT NULL, UNIQUE (kind, origin));
CREATE INDEX IF NOT EXISTS money_by_date ON money (date);
CREATE TABLE IF NOT EXISTS webhooks (
    id INTEGER PRIMARY KEY, webhook_id TEXT NOT NULL, kind TEXT NOT NULL, due REAL NOT NULL, tries INTEGER NOT NULL,
    body TEXT NOT NULL, headers TEXT);
CREATE INDEX IF NOT EXISTS webhooks_by_due ON webhooks (due, id);
"""


class Store:
    """One connection, used from one thread."""

    def __init__(self, path: Path | None) -> None:
        """Open the file, made if there is none; with no path, everything is gone at the end."""
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._db.row_factory = sqlite3.Row
        # A killed process loses nothing so; a power cut may cost the last moments, which is enough for a simulator.
        self._db.executescript(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; {_TABLES}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all of what follows or nothing; within another transaction it is a part of that."""
        if self._db.in_transaction:
            yield
            return
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            yield

    def run(self, statement: str, *values: Any) -> int:
        """Change something; return how many rows changed."""
        return self._db.execute(statement, values).rowcount

    def one(self, query: str, *values: Any) -> sqlite3.Row | None:
        """Return the first row of a query."""
        row: sqlite3.Row | None = self._db.execute(query, values).fetchone()
        return row

    def all(self, query: str, *values: Any) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        return self._db.execute(query, values).fetchall()

    def number(self, query: str, *values: Any) -> int:
        """Return the number that a query counts or sums up; 0 for none."""
        return int(self._db.execute(query, values).fetchone()[0] or 0)

    def count(self, name: str) -> int:
        """Add one to a counter; return what it says then."""
        return self.number(
            "INSERT INTO counters VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET count = count + 1 RETURNING count",
            name,
        )

    def counts(self, group: str, *names: str) -> dict[str, int]:
        """Return the counters called `group.name`."""
        said = {row["name"]: row["count"] for row in self.all("SELECT name, count FROM counters")}
        return {name: said.get(f"{group}.{name}", 0) for name in names}

    def rescale_steps(self, factor: float) -> None:
        """Let what is still to happen come after `factor` times the time that is left until then."""
        moment = now()
        self.run("UPDATE steps SET due = ? + (due - ?) * ? WHERE due > ?", moment, moment, factor, moment)

    def close(self) -> None:
        """Close the file."""
        self._db.close()
