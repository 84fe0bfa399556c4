"""Telling whoever listens, as unreliably as the settings say."""

import asyncio
import json
import sqlite3
from collections import deque
from datetime import UTC, datetime
from typing import Any

import httpx
from standardwebhooks import Webhook

from simulators.chance import chance
from simulators.mischief import forgery, mischief
from simulators.moments import iso, now
from simulators.settings import LiveSettings
from simulators.store import Store

_AT_ONCE = 16
_PATIENCE = 10.0
_LONGEST_PAUSE = 60.0
_FOREIGN_SECRET = "whsec_bm90IHRoZSBzZWNyZXQgb2YgdGhpcyBjYXJyaWVy"  # noqa: S105 - what a forger signs with

COUNTED = (
    *("sent", "accepted", "refused", "unanswered", "given_up"),
    *("dropped", "duplicated", "reordered", "forged", "forged_accepted", "replayed"),
)


class Webhooks:
    """All webhooks that are still to be sent; each is forgotten once it was answered with 2xx, or given up."""

    def __init__(self, store: Store, settings: LiveSettings) -> None:
        self.woken = asyncio.Event()
        self._store = store
        self._settings = settings
        self._client = httpx.AsyncClient(timeout=_PATIENCE, trust_env=False)
        self._under_way: dict[int, asyncio.Task[None]] = {}
        self._past: deque[tuple[str, str, dict[str, str]]] = deque(maxlen=100)

    def tell(self, kind: str, data: dict[str, Any], *, webhook_id: str) -> None:
        """Plan a webhook, with whatever the settings do to it."""
        if self._settings.now.webhook_url is None:
            return
        fate = mischief(self._settings.now, webhook_id)
        due = now() + fate.held_back
        message = {"type": kind, "timestamp": iso(now()), "data": data}
        if fate.dropped:
            self._store.count("webhooks.dropped")
        else:
            self._plan("genuine", webhook_id, due, json.dumps(message))
            if fate.held_back:
                self._store.count("webhooks.reordered")
            if fate.copied_after is not None:
                self._plan("duplicated", webhook_id, due + fate.copied_after, json.dumps(message))
        if fate.forged:
            self._plan("forged", webhook_id, due, json.dumps(forgery(message)))
        if fate.replays:
            self._replay(webhook_id, due)
        self.woken.set()

    def work(self, moment: float) -> float | None:
        """Begin to send what is due; return when there is more, None if that depends on what is under way."""
        free = _AT_ONCE - len(self._under_way)
        if self._settings.now.webhook_url is None:
            return None
        for row in self._store.all("SELECT * FROM webhooks ORDER BY due, id LIMIT ?", _AT_ONCE + 1):
            if row["id"] in self._under_way:
                continue
            if free == 0:
                return None
            if row["due"] > moment:
                return float(row["due"])
            self._under_way[row["id"]] = asyncio.create_task(self._send(row, self._settings.now.webhook_url))
            free -= 1
        return None

    def waiting(self) -> int:
        """Return how many are still to be sent."""
        return self._store.number("SELECT count(*) FROM webhooks")

    async def close(self) -> None:
        """Stop sending; what is under way is sent again by the next start."""
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)
        await self._client.aclose()

    async def _send(self, row: sqlite3.Row, url: str) -> None:
        headers = json.loads(row["headers"]) if row["headers"] else self._signed(row)
        try:
            answer = await self._client.post(url, content=row["body"], headers=headers)
            status = answer.status_code
        except httpx.HTTPError:
            status = 0
        with self._store.transaction():
            self._settle(row, status)
        if row["kind"] == "genuine":
            self._past.append((row["webhook_id"], row["body"], headers))
        del self._under_way[row["id"]]
        self.woken.set()

    def _signed(self, row: sqlite3.Row) -> dict[str, str]:
        secret = _FOREIGN_SECRET if row["kind"] == "forged" else self._settings.now.webhook_secret
        moment = datetime.fromtimestamp(int(now()), UTC)
        return {
            "content-type": "application/json",
            "webhook-id": row["webhook_id"],
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": Webhook(secret).sign(row["webhook_id"], moment, row["body"]),
        }

    def _settle(self, row: sqlite3.Row, status: int) -> None:
        accepted, genuine = 200 <= status < 300, row["kind"] == "genuine"
        self._store.count("webhooks.sent")
        if not genuine:
            self._store.count(f"webhooks.{row['kind']}")
        if accepted and row["kind"] in ("genuine", "forged"):
            self._store.count("webhooks.accepted" if genuine else "webhooks.forged_accepted")
        elif not accepted:
            self._store.count("webhooks.refused" if 400 <= status < 500 else "webhooks.unanswered")
        if accepted or not genuine:
            self._store.run("DELETE FROM webhooks WHERE id = ?", row["id"])
        else:
            self._try_again(row)

    def _try_again(self, row: sqlite3.Row) -> None:
        settings, tries = self._settings.now, row["tries"] + 1
        if tries >= settings.tries:
            self._store.count("webhooks.given_up")
            self._store.run("DELETE FROM webhooks WHERE id = ?", row["id"])
            return
        due = now() + min(settings.retry_seconds * 2 ** (tries - 1), _LONGEST_PAUSE)
        self._store.run("UPDATE webhooks SET due = ?, tries = ? WHERE id = ?", due, tries, row["id"])

    def _replay(self, after: str, due: float) -> None:
        if self._past:
            old, body, headers = chance(self._settings.now.seed, "replay", after).choice(self._past)
            self._plan("replayed", old, due, body, json.dumps(headers))

    def _plan(self, kind: str, webhook_id: str, due: float, body: str, headers: str | None = None) -> None:
        self._store.run(
            "INSERT INTO webhooks (kind, webhook_id, due, tries, body, headers) VALUES (?, ?, ?, 0, ?, ?)",
            *(kind, webhook_id, due, body, headers),
        )
