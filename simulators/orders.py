"""Orders: taken, carried along their course, and cancelled."""

import asyncio
import hashlib
import json
import sqlite3
from typing import Any

from simulators.bodies import Order
from simulators.chance import scenario_for
from simulators.course import course, proof
from simulators.ledger import Kind, Ledger
from simulators.moments import iso, now
from simulators.numbers import freight_waybill, waybill
from simulators.refusals import Refused
from simulators.scenarios import SCANS, Step
from simulators.settings import LiveSettings
from simulators.store import Store
from simulators.webhooks import Webhooks

_AT_ONCE = 50
_STOPPABLE = ("taken", "confirmed", "allocated", "picking_up")
_AT_THE_POINT = ("at_office", "dropping_off", "delivery_failed", "on_hold", "delivered", "proof_added")


class Orders:
    """All orders that the carrier has taken."""

    def __init__(self, store: Store, settings: LiveSettings, ledger: Ledger, webhooks: Webhooks) -> None:
        self.woken = asyncio.Event()
        self._store = store
        self._settings = settings
        self._ledger = ledger
        self._webhooks = webhooks

    def take(self, order: Order) -> dict[str, Any]:
        """Take an order; its course begins.

        Raises:
            Refused: nobody delivers there.
        """
        settings = self._settings.now
        if (order.destination.postal_code or "").startswith(settings.not_served):
            raise Refused(422, "not_served", "nobody delivers there", field="destination.postal_code")
        scenario = scenario_for(order.reference_id, seed=settings.seed, scenarios=settings.scenarios, mix=settings.mix)
        taken_at = now()
        answer = self._enter(order, scenario, taken_at)
        for hours, step in course(order, scenario):
            self._plan(answer["order_id"], taken_at + hours * 3600 / settings.speed, step)
        self.woken.set()
        return answer

    def _enter(self, order: Order, scenario: str, taken_at: float) -> dict[str, Any]:
        number = 1 + self._store.number("SELECT max(number) FROM orders")
        same = self._store.number("SELECT count(*) FROM orders WHERE reference_id = ?", order.reference_id)
        order_id = "or_" + hashlib.sha256(f"{order.reference_id}/{same}".encode()).hexdigest()[:16]
        answer = {
            "order_id": order_id,
            "waybill": freight_waybill(number) if order.service_type == "freight" else waybill(number),
            "reference_id": order.reference_id,
            "status": "confirmed",
            "created_at": iso(taken_at),
        }
        self._store.run(
            "INSERT INTO orders VALUES (?, ?, ?, ?, 'taken', ?, ?)",
            *(number, order_id, order.reference_id, scenario, order.model_dump_json(), json.dumps(answer)),
        )
        return answer

    def _plan(self, order_id: str, due: float, step: Step) -> None:
        body = step.model_dump_json(exclude_defaults=True)
        self._store.run("INSERT INTO steps (order_id, due, step) VALUES (?, ?, ?)", order_id, due, body)

    def work(self, moment: float) -> float | None:
        """Let happen what is due; return the moment when there is more to do, None if there is nothing."""
        with self._store.transaction():
            for row in self._store.all("SELECT * FROM steps WHERE due <= ? ORDER BY due, id LIMIT ?", moment, _AT_ONCE):
                self._store.run("DELETE FROM steps WHERE id = ?", row["id"])
                self._happen(self._row(row["order_id"]), Step.model_validate_json(row["step"]), row["due"])
        following = self._store.one("SELECT min(due) AS due FROM steps")
        return following["due"] if following else None

    def happen(self, order_id: str, step: Step) -> dict[str, Any]:
        """Let something happen now; return its event.

        Raises:
            Refused: there is no such order.
        """
        with self._store.transaction():
            return self._happen(self._row(order_id), step, now())

    def _happen(self, row: sqlite3.Row, step: Step, told_at: float) -> dict[str, Any]:
        order, answer, order_id = Order.model_validate_json(row["request"]), json.loads(row["answer"]), row["order_id"]
        before = self._store.number("SELECT count(*) FROM events WHERE order_id = ?", order_id)
        event_id = f"{order_id.replace('or_', 'ev_')}_{before + 1}"
        happened_at = told_at - step.captured * 3600 / self._settings.now.speed
        point = order.destination.point if step.status in _AT_THE_POINT else None
        event = {
            **{key: answer[key] for key in ("order_id", "reference_id", "waybill")},
            "event_id": event_id,
            "status": step.status,
            "scan": step.scan or SCANS.get(step.status),
            "occurred_at": iso(happened_at),
            "point": step.point or point,
            "reason": step.reason,
            "proof": proof(step, order, event_id),
            **self._money(order, order_id, step, happened_at),
        }
        self._store.run(
            "INSERT INTO events (order_id, status, body) VALUES (?, ?, ?)", order_id, step.status, json.dumps(event)
        )
        if step.status != "proof_added":
            self._store.run("UPDATE orders SET status = ? WHERE order_id = ?", step.status, order_id)
        self._webhooks.tell("order.event", event, webhook_id=event_id.replace("ev_", "wh_"))
        return event

    def _money(self, order: Order, order_id: str, step: Step, at: float) -> dict[str, Any]:
        kind: Kind = "payout" if order.payout_amount else "cod"
        amount = order.payout_amount or order.cod_amount
        if step.status != "delivered" or amount is None:
            return {"receipt": None, "amount": None}
        return {"receipt": self._ledger.book(kind, order_id, order.reference_id, amount, at), "amount": amount}

    def shown(self, order_id: str) -> dict[str, Any]:
        """Return an order with its events.

        Raises:
            Refused: there is no such order.
        """
        row = self._row(order_id)
        events = self._store.all("SELECT body FROM events WHERE order_id = ? ORDER BY id", order_id)
        return {**_answer(row), "events": [json.loads(event["body"]) for event in events]}

    def under(self, reference_id: str) -> list[dict[str, Any]]:
        """Return the orders of a reference, with the scenario that each has got."""
        rows = self._store.all("SELECT * FROM orders WHERE reference_id = ? ORDER BY number", reference_id)
        return [{**_answer(row), "scenario": row["scenario"]} for row in rows]

    def cancel(self, order_id: str) -> dict[str, Any]:
        """Cancel an order that nobody has picked up yet; twice is once.

        Raises:
            Refused: there is no such order, or it is under way.
        """
        with self._store.transaction():
            row = self._row(order_id)
            if row["status"] not in (*_STOPPABLE, "cancelled"):
                raise Refused(409, "too_late", "it is under way, or over, already")
            if row["status"] != "cancelled":
                self._store.run("DELETE FROM steps WHERE order_id = ?", order_id)
                self._happen(row, Step(status="cancelled"), now())
        return _answer(self._row(order_id))

    def claim(self, order_id: str, reason: str) -> dict[str, Any]:
        """File a claim.

        Raises:
            Refused: there is no such order.
        """
        self._row(order_id)
        number = 1 + self._store.number("SELECT count(*) FROM claims WHERE order_id = ?", order_id)
        self._store.run("INSERT INTO claims (order_id, reason) VALUES (?, ?)", order_id, reason)
        return {"claim_id": f"{order_id.replace('or_', 'cl_')}_{number}", "order_id": order_id, "status": "filed"}

    def _row(self, order_id: str) -> sqlite3.Row:
        row = self._store.one("SELECT * FROM orders WHERE order_id = ?", order_id)
        if row is None:
            raise Refused(404, "unknown", "there is no such order")
        return row


def _answer(row: sqlite3.Row) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(row["answer"])
    return answer if row["status"] == "taken" else {**answer, "status": row["status"]}
