"""A customer of the carrier, with calls as docs/carrier-api.md has them."""

from typing import Any

import httpx

from tests.simulators.running import RunningCarrier

ORIGIN = {"name": "Sender", "phone": "+62211234567", "address": "Counter 1", "postal_code": "35111"}
DESTINATION = {
    "name": "Recipient",
    "phone": "+628123456789",
    "address": "House 1",
    "postal_code": "35211",
    "latitude": -5.4,
    "longitude": 105.3,
    "point": "35200",
}


def order(reference_id: str, **changes: Any) -> dict[str, Any]:
    """Return an order."""
    return {
        "reference_id": reference_id,
        "service_type": "document",
        "origin": ORIGIN,
        "destination": DESTINATION,
        "items": [{"name": "Document", "quantity": 1}],
        "handed_to": "owner",
        "proofs": ["signature", "id_match", "face_photo", "place"],
        **changes,
    }


async def post(carrier: RunningCarrier, path: str, body: Any = None, *, key: str | None = None) -> httpx.Response:
    """Call the carrier; creating calls have a key."""
    headers = {} if key is None else {"Idempotency-Key": key}
    return await carrier.control.post(path, json=body, headers=headers)


async def place(carrier: RunningCarrier, reference_id: str, **changes: Any) -> str:
    """Place an order under a key of its own; return its id."""
    answer = await post(carrier, "/v1/orders", order(reference_id, **changes), key=reference_id)
    order_id: str = answer.raise_for_status().json()["order_id"]
    return order_id


async def events(carrier: RunningCarrier, order_id: str) -> list[dict[str, Any]]:
    """Ask what has happened to an order."""
    answer = (await carrier.control.get(f"/v1/orders/{order_id}")).raise_for_status()
    found: list[dict[str, Any]] = answer.json()["events"]
    return found


async def happens(carrier: RunningCarrier, order_id: str, status: str, **fields: Any) -> dict[str, Any]:
    """Let something happen to an order at once; return its event."""
    answer = await post(carrier, f"/control/orders/{order_id}/events", {"status": status, **fields})
    event: dict[str, Any] = answer.raise_for_status().json()
    return event
