"""What the carrier knows to have happened, for whoever checks that nothing was done twice or got lost."""

from typing import Any

from simulators import outages, webhooks
from simulators.ledger import KINDS
from simulators.office import Office
from simulators.store import Store


def facts(office: Office) -> dict[str, Any]:
    """Count everything."""
    store = office.store
    sums = {
        row["kind"]: row for row in store.all("SELECT kind, count(*) n, sum(amount) total FROM money GROUP BY kind")
    }
    return {
        "orders": store.number("SELECT count(*) FROM orders"),
        "orders_by_status": _counts(store, "SELECT status, count(*) FROM orders GROUP BY status"),
        "orders_by_scenario": _counts(store, "SELECT scenario, count(*) FROM orders GROUP BY scenario"),
        "doubled_orders": _doubled(store, "orders"),
        "claims": store.number("SELECT count(*) FROM claims"),
        "payments": store.number("SELECT count(*) FROM payments"),
        "money": {
            kind: {"count": sums[kind]["n"], "sum": sums[kind]["total"]} if kind in sums else {"count": 0, "sum": 0}
            for kind in KINDS
        },
        "doubled_payouts": _doubled(store, "money WHERE kind = 'payout'"),
        "doubled_payments": _doubled(store, "money WHERE kind = 'payment'"),
        "doubled_refunds": _doubled(store, "money WHERE kind = 'refund'"),
        "events": store.number("SELECT count(*) FROM events"),
        "open_events": store.number("SELECT count(*) FROM steps"),
        "webhooks": {**store.counts("webhooks", *webhooks.COUNTED), "waiting": office.webhooks.waiting()},
        "calls": store.counts("calls", *outages.COUNTED),
    }


def _counts(store: Store, query: str) -> dict[str, int]:
    return dict(map(tuple, store.all(query)))


def _doubled(store: Store, where: str) -> list[str]:
    rows = store.all(f"SELECT reference_id FROM {where} GROUP BY reference_id HAVING count(*) > 1")  # noqa: S608
    return [row["reference_id"] for row in rows]
