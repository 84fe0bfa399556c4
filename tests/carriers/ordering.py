"""Orders, and whoever they are for."""

from datetime import timedelta
from typing import Any

from schemas.calendar import Deadline
from schemas.delivery import AskRequest, DeliveryPlan, DeliveryStart, OrderRequest
from schemas.post import DeliveryTerms, Watch
from schemas.post import Recipient as HandedTo
from schemas.service_request import Recipient
from tests import making
from tests.making import NOON

SITI = Recipient(
    name="Siti Aminah",
    national_id="1871010101900001",
    phone="+628117200000",
    address="Jl. Kartini 1",
    postal_code="35111",
    latitude=-5.4,
    longitude=105.3,
)
PERSONAL = tuple(str(value) for value in SITI.model_dump().values())


def order(delivery_id: str, number: int = 1, *, policy_version: str = "v1", **fields: Any) -> OrderRequest:
    """Return an order of a delivery; fields are those of its start and of its terms."""
    of_start = {name: fields.pop(name) for name in ("collect", "pay_out") if name in fields}
    start = DeliveryStart(
        delivery_id=delivery_id,
        service="papers",
        ordered_by="req-1",
        recipient=f"rcp-{delivery_id}",
        policy_version=policy_version,
        ordered_at=NOON,
        **of_start,
    )
    plan = DeliveryPlan(
        terms=DeliveryTerms.model_validate(fields),
        handed_to=HandedTo.OWNER,
        watch=Watch(),
        calendar=making.calendar(),
        due=Deadline(at=NOON + timedelta(days=5), steps=("starts", "over")),
        point="35100",
    )
    return OrderRequest(delivery=start, plan=plan, number=number)


def about(request: OrderRequest, order_id: str) -> AskRequest:
    """Return the question what has become of an order."""
    return AskRequest(delivery_id=request.delivery.delivery_id, number=request.number, order_id=order_id)
