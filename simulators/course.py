"""The course of an order: its scenario, laid out for what the order asks for."""

from collections.abc import Iterator
from typing import Any

from simulators.bodies import Order
from simulators.scenarios import SCENARIOS, Attempts, Hubs, Step

_USUAL_ATTEMPTS = 3
_USUAL_HOLD_HOURS = 240.0
_SOMEWHERE = {"latitude": -5.4295, "longitude": 105.2621}
_COLD = (2.0, 8.0)


def course(order: Order, scenario: str) -> Iterator[tuple[float, Step]]:
    """Yield what happens, each with the hours since the order was taken."""
    hours = 0.0
    hold = _USUAL_HOLD_HOURS if order.hold_seconds is None else order.hold_seconds / 3600
    for part in SCENARIOS[scenario]:
        for step in _steps(part, order):
            hours += step.hours + step.of_hold * hold
            yield hours, step


def _steps(part: Step | Hubs | Attempts, order: Order) -> Iterator[Step]:
    match part:
        case Step():
            yield part
        case Hubs():
            for place, hub in enumerate((order.via or ())[: part.at_most]):
                yield Step(status="arrived", hours=part.leg if place else part.first_leg, point=hub)
                if place + 1 != part.at_most:
                    yield Step(status="departed", hours=part.stay, point=hub)
        case Attempts():
            for attempt in range(order.attempts or _USUAL_ATTEMPTS):
                if attempt:
                    yield Step(status="dropping_off", hours=22)
                yield Step(status="delivery_failed", hours=2, reason=part.reason)


def proof(step: Step, order: Order, event_id: str) -> dict[str, Any] | None:
    """Return the proofs that come with a step; None when it has none."""
    usual = step.status in ("delivered", "proof_added")
    if not (usual if step.proven is None else step.proven):
        return None
    relation = step.relation or ("owner" if order.handed_to == "owner" else "household")
    found: dict[str, Any] = {"relation": relation, "offline": step.captured > 0}
    for asked in order.proofs:
        match asked:
            case "signature" | "face_photo":
                found[asked] = f"{asked}-{event_id}"
            case "id_match":
                found[asked] = relation in ("owner", "household")
            case "place":
                found[asked] = _place(order)
            case "temperature":
                found[asked] = _temperature(step, order)
    if step.warmest is not None:
        found["temperature"] = _temperature(step, order)
    return found


def _place(order: Order) -> dict[str, float]:
    to = order.destination
    if to.latitude is None or to.longitude is None:
        return _SOMEWHERE
    return {"latitude": to.latitude, "longitude": to.longitude}


def _temperature(step: Step, order: Order) -> dict[str, float]:
    lowest, highest = (order.temperature.min_c, order.temperature.max_c) if order.temperature else _COLD
    margin = (highest - lowest) / 6
    warmest = highest - margin if step.warmest is None else step.warmest
    return {"min_c": round(lowest + margin, 1), "max_c": round(warmest, 1)}
