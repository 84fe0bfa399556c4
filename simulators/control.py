"""The strings by which the simulation is pulled; no real carrier has them."""

from typing import Annotated, Any

from fastapi import APIRouter, Body

from simulators.facts import facts
from simulators.moments import now
from simulators.office import Office
from simulators.scenarios import Step
from simulators.settings import Settings


def control(office: Office) -> APIRouter:
    """Return the calls that steer an office."""
    calls = APIRouter(prefix="/control")
    calls.include_router(_settings(office))
    calls.include_router(_happenings(office))
    return calls


def _settings(office: Office) -> APIRouter:
    calls = APIRouter()

    @calls.get("/settings")
    async def settings() -> Settings:
        return office.settings.now

    @calls.put("/settings")
    async def set_some(changes: dict[str, Any]) -> Settings:
        office.change(**changes)
        return office.settings.now

    @calls.put("/scenarios")
    async def set_scenarios(scenarios: dict[str, str]) -> dict[str, str]:
        office.change(scenarios=scenarios)
        return office.settings.now.scenarios

    @calls.put("/mix")
    async def set_mix(mix: dict[str, float]) -> dict[str, float]:
        office.change(mix=mix)
        return office.settings.now.mix

    @calls.post("/outage")
    async def begin_outage(seconds: Annotated[float, Body(embed=True, ge=0)]) -> dict[str, float]:
        office.change(outage_until=now() + seconds)
        return {"seconds": seconds}

    @calls.delete("/outage")
    async def end_outage() -> dict[str, float]:
        office.change(outage_until=0)
        return {"seconds": 0}

    return calls


def _happenings(office: Office) -> APIRouter:
    calls = APIRouter()

    @calls.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "open"}

    @calls.get("/facts")
    async def tell_facts() -> dict[str, Any]:
        return facts(office)

    @calls.get("/orders")
    async def orders(reference_id: str) -> list[dict[str, Any]]:
        return office.orders.under(reference_id)

    @calls.post("/orders/{order_id}/events", status_code=201)
    async def happen(order_id: str, step: Step) -> dict[str, Any]:
        return office.orders.happen(order_id, step)

    @calls.post("/payments/{code}/pay")
    async def pay(code: str) -> dict[str, Any]:
        return office.payments.pay(code)

    return calls
